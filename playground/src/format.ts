/** The placeholder of a figure that is not known yet. */
export const UNKNOWN = '–';

/** Bytes with three digits and a binary unit: `412 B`, `3.27 MiB`, `23.5 GiB`. */
export function formatBytes(bytes: number | undefined): string {
  return bytes === undefined ? UNKNOWN : withUnit(bytes, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']);
}

/** Bytes per second, in decimal units, as is usual for networks. */
export function formatRate(bytes: number | undefined): string {
  return bytes === undefined ? UNKNOWN : withUnit(bytes, 1000, ['B/s', 'kB/s', 'MB/s', 'GB/s', 'TB/s']);
}

function withUnit(figure: number, base: number, units: readonly string[]): string {
  let unit = 0;
  // 999.5 and more would round to four digits
  for (; figure >= (unit === 0 ? 1000 : 999.5) && unit < units.length - 1; unit++) figure /= base;
  const digits = unit === 0 || figure >= 99.95 ? 0 : figure >= 9.995 ? 1 : 2;
  return `${figure.toFixed(digits)} ${units[unit]}`;
}

export function formatPercent(percent: number | undefined, digits = 0): string {
  return percent === undefined ? UNKNOWN : `${percent.toFixed(digits)} %`;
}

/** Seconds as the two largest units: `3 d 4 h`, `4 h 12 min`, `5 min`. */
export function formatDuration(seconds: number | undefined): string {
  if (seconds === undefined) return UNKNOWN;
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  return `${minutes} min`;
}

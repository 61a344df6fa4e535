/**
 * The line of a chart as SVG path data, in a box `capacity - 1` wide and 100 high: the newest value at the right edge, `max`
 * at the top. Empty for less than two values.
 */
export function linePath(values: readonly number[], capacity: number, max: number): string {
  if (values.length < 2) return '';
  const left = capacity - values.length;
  return values
    .map((value, index) => {
      const y = 100 - (Math.min(value, max) / (max || 1)) * 100;
      return `${index === 0 ? 'M' : 'L'}${left + index},${Math.round(y * 10) / 10}`;
    })
    .join('');
}

/** The same line, closed along the bottom. */
export function areaPath(values: readonly number[], capacity: number, max: number): string {
  const line = linePath(values, capacity, max);
  return line && `${line}L${capacity - 1},100L${capacity - values.length},100Z`;
}

/** The next 1, 2 or 5 times a power of ten: a scale that holds still while its values wobble. */
export function scaleFor(largest: number, least: number): number {
  const need = Math.max(largest, least);
  const power = 10 ** Math.floor(Math.log10(need));
  const step = [1, 2, 5].find((factor) => factor * power >= need) ?? 10;
  return step * power;
}

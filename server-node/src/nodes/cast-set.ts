/** Casts by the node that sent them, as ranges of their numbers. */
export type CastRanges = Readonly<Record<string, readonly (readonly [from: number, to: number])[]>>;

/** Identifies a cast in the cluster. */
export function castId(node: string, number: number): string {
  return `${node} ${number}`;
}

/** The ranges of some casts. Those of a node are mostly consecutive, so that there are few. */
export function rangesOf(casts: Iterable<string>): CastRanges {
  const all: Record<string, [number, number][]> = {};
  for (const cast of casts) {
    const [node = '', text] = cast.split(' ');
    const number = Number(text);
    const ranges = (all[node] ??= []);
    const last = ranges.at(-1);
    if (last?.[1] === number - 1) last[1] = number;
    else ranges.push([number, number]);
  }
  return all;
}

/** A set of casts. */
export class CastSet {
  readonly #casts = new Set<string>();
  #ranges: CastRanges = {};

  /** Sets the casts that belong to it from the beginning. */
  addRanges(ranges: CastRanges): void {
    this.#ranges = ranges;
  }

  add(cast: string): void {
    this.#casts.add(cast);
  }

  has(cast: string): boolean {
    if (this.#casts.has(cast)) return true;
    const [node = '', text] = cast.split(' ');
    const number = Number(text);
    return this.#ranges[node]?.some(([from, to]) => from <= number && number <= to) === true;
  }
}

/** Casts by the node that sent them, as ranges of their numbers. */
export type CastRanges = Readonly<Record<string, readonly (readonly [from: number, to: number])[]>>;

/** Identifies a cast in the cluster. */
export function castId(node: string, number: number): string {
  return `${node} ${number}`;
}

type Ranges = (readonly [from: number, to: number])[];

/** The ranges of some casts. Those of a node are mostly consecutive, so that there are few. */
export function rangesOf(casts: Iterable<string>): CastRanges {
  const all: Record<string, Ranges> = {};
  for (const cast of casts) {
    const [node = '', text] = cast.split(' ');
    const number = Number(text);
    (all[node] ??= []).push([number, number]);
  }
  return joined(all);
}

/** Joins ranges that touch or overlap. */
function joined(all: Record<string, Ranges>): CastRanges {
  const join = (ranges: Ranges): Ranges => {
    const few: [number, number][] = [];
    for (const [from, to] of ranges.sort(([one], [other]) => one - other)) {
      const last = few.at(-1);
      if (last && from <= last[1] + 1) last[1] = Math.max(last[1], to);
      else few.push([from, to]);
    }
    return few;
  };
  return Object.fromEntries(Object.entries(all).map(([node, ranges]) => [node, join(ranges)]));
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

  /** All casts of the set. */
  ranges(): CastRanges {
    const all: Record<string, Ranges> = {};
    for (const ranges of [this.#ranges, rangesOf(this.#casts)])
      for (const [node, ofNode] of Object.entries(ranges)) (all[node] ??= []).push(...ofNode);
    return joined(all);
  }

  has(cast: string): boolean {
    if (this.#casts.has(cast)) return true;
    const [node = '', text] = cast.split(' ');
    const number = Number(text);
    return this.#ranges[node]?.some(([from, to]) => from <= number && number <= to) === true;
  }
}

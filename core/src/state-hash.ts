/** How many values a hash may still look at; one for many hashes bounds the work for all of them. */
export interface Budget {
  left: number;
}

/** Hashes of JSON values that know what they have seen: of a value that changed, only that and what is around it is looked at. */
export interface StateHash {
  /**
   * The hash of a value that JSON made: equal for equal values, whatever the order of keys in objects; 53 bits, for faults and not
   * for foes.
   *
   * @param budget what was looked at is taken from it; default: no bound
   * @returns 11 characters at most; undefined where the budget did not do. What was done is not done again, so the next time
   *   gets further, unless there are more strings and numbers in a single container than a budget has.
   */
  readonly of: (value: unknown, budget?: Budget) => string | undefined;
  /** A container was written in place, so its hash, and that of each one around it, has to be forgotten; returns whether there was one. */
  readonly forget: (container: object) => boolean;
}

/** Where there is no hash, for the budget was used up. */
const NONE = -1;

/** What hashes begin with, so that `1`, `"1"` and `[1]` differ. */
const [STRING, NUMBER, ARRAY, OBJECT, MEMBER] = [1, 2, 3, 4, 5] as const;
const CONSTANTS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [null, 6],
  [true, 7],
  [false, 8],
]);

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Creates hashes with a memory of their own; it keeps no value alive. */
export function createStateHash(): StateHash {
  const known = new WeakMap<object, number>();

  const hash = (value: unknown, budget: Budget): number => {
    const isContainer = typeof value === 'object' && value !== null;
    const before = isContainer ? known.get(value) : undefined;
    if (before !== undefined) return before;
    if (--budget.left < 0) return NONE;
    if (typeof value === 'string') return ofString(value, STRING);
    if (typeof value === 'number') return ofNumber(value);
    if (!isContainer) return CONSTANTS.get(value) as number;
    const made = Array.isArray(value) ? ofArray(value, budget) : ofObject(value, budget);
    if (made !== NONE) known.set(value, made);
    return made;
  };

  const ofArray = (items: readonly unknown[], budget: Budget): number => {
    const lanes = new Lanes(ARRAY);
    for (const item of items) {
      const inner = hash(item, budget);
      if (inner === NONE) return NONE;
      lanes.add(inner);
    }
    return lanes.end(items.length);
  };

  const ofObject = (members: object, budget: Budget): number => {
    let count = 0;
    let low = 0;
    let high = 0;
    for (const key in members) {
      const inner = hash((members as Record<string, unknown>)[key], budget);
      if (inner === NONE) return NONE;
      const lanes = new Lanes(MEMBER);
      lanes.add(ofString(key, STRING));
      lanes.add(inner);
      const member = lanes.end(2);
      // A sum does not know the order of what was added.
      low = (low + member) >>> 0;
      high = (high + member / 2 ** 32) >>> 0;
      count++;
    }
    const lanes = new Lanes(OBJECT);
    lanes.word(low);
    lanes.word(high);
    return lanes.end(count);
  };

  return {
    of(value, budget = { left: Infinity }) {
      const made = hash(value, budget);
      return made === NONE ? undefined : made.toString(36);
    },
    forget: (container) => known.delete(container),
  };
}

function ofString(text: string, kind: number): number {
  const lanes = new Lanes(kind);
  for (let index = 0; index < text.length; index++) lanes.word(text.charCodeAt(index));
  return lanes.end(text.length);
}

function ofNumber(number: number): number {
  const lanes = new Lanes(NUMBER);
  float[0] = number + 0; // of -0, JSON makes 0
  lanes.word(words[0]!);
  lanes.word(words[1]!);
  return lanes.end(1);
}

/**
 * Two multiplicative hashes side by side, mixed at the end.
 *
 * @see https://github.com/bryc/code/blob/master/jshash/experimental/cyrb53.js (public domain)
 */
class Lanes {
  #one: number;
  #other: number;

  constructor(seed: number) {
    this.#one = 0xdeadbeef ^ seed;
    this.#other = 0x41c6ce57 ^ seed;
  }

  word(word: number): void {
    this.#one = Math.imul(this.#one ^ word, 2_654_435_761);
    this.#other = Math.imul(this.#other ^ word, 1_597_334_677);
  }

  /** Adds a hash. */
  add(hash: number): void {
    this.word(hash >>> 0);
    this.word((hash / 2 ** 32) >>> 0);
  }

  /** The hash, of 53 bits. */
  end(length: number): number {
    this.word(length);
    const one =
      Math.imul(this.#one ^ (this.#one >>> 16), 2_246_822_507) ^
      Math.imul(this.#other ^ (this.#other >>> 13), 3_266_489_909);
    const other =
      Math.imul(this.#other ^ (this.#other >>> 16), 2_246_822_507) ^
      Math.imul(one ^ (one >>> 13), 3_266_489_909);
    return (other >>> 11) * 2 ** 32 + (one >>> 0);
  }
}

import { isContainer } from './container.js';

/** How many values may still be visited. A budget that several hashes share bounds their total work. */
export interface Budget {
  left: number;
}

/** Hashes of JSON values. They remember visited values: after a change, only the changed value and its ancestors are visited. */
export interface StateHash {
  /**
   * The hash of a value that JSON made: equal for equal values in any order of keys; 32 bits, to detect faults and not attacks.
   *
   * @param budget visited values are subtracted from it; default: no bound
   * @returns 7 characters at most; undefined if the budget was too small. Finished work is kept, so the next time
   *   gets further, unless there are more strings and numbers in a single container than a budget has.
   */
  readonly of: (value: unknown, budget?: Budget) => string | undefined;
  /**
   * A container was written in place: forgets its hash, which has to happen for each container around it as well. Returns whether it had
   * one.
   */
  readonly forget: (container: object) => boolean;
}

/** Marks a missing hash: the budget was used up. */
const NONE = -1;

/** What hashes begin with, so that `1`, `"1"` and `[1]` differ. */
const [STRING, OTHER, ARRAY, OBJECT] = [1, 2, 3, 4] as const;

/** Creates hashes with a memory of their own; it keeps no value alive. */
export function createStateHash(): StateHash {
  const known = new WeakMap<object, number>();

  const hash = (value: unknown, budget: Budget): number => {
    const before = isContainer(value) ? known.get(value) : undefined;
    if (before !== undefined) return before;
    if (--budget.left < 0) return NONE;
    // Text turns -0 into 0, as JSON does.
    if (!isContainer(value)) return ofText(`${value as string}`, typeof value === 'string' ? STRING : OTHER);
    const isArray = Array.isArray(value);
    let made: number = isArray ? ARRAY : OBJECT;
    // Not for-in, which lists members of extended prototypes. A sum ignores the order of its terms, so members may come in any order.
    for (const key of Object.keys(value)) {
      const inner = hash(value[key], budget);
      if (inner === NONE) return NONE;
      made = isArray ? step(made, inner) : (made + mix(step(ofText(key, STRING), inner))) | 0;
    }
    made = mix(made);
    known.set(value, made);
    return made;
  };

  return {
    of(value, budget = { left: Infinity }) {
      const made = hash(value, budget);
      return made === NONE ? undefined : made.toString(36);
    },
    forget: (container) => known.delete(container),
  };
}

function ofText(text: string, hash: number): number {
  for (let index = 0; index < text.length; index++) hash = step(hash, text.charCodeAt(index));
  return mix(hash);
}

/** FNV-1a. @see http://www.isthe.com/chongo/tech/comp/fnv/ */
function step(hash: number, word: number): number {
  return Math.imul(hash ^ word, 0x01000193);
}

/** Lets each bit change all others: the end of MurmurHash3. @see https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp */
function mix(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

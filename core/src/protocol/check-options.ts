import { VeloxError } from './error.js';

/** Returns the expected form of an option if a value does not have it. */
export type Check = (value: unknown, name: string, owner: string) => string | undefined;

/** A check for each option of a type. */
export type Checks<Options> = { readonly [Name in keyof Required<Options>]: Check };

/** Creates a check. `what` completes the sentence "Pass …". */
export function expected(what: string, isGood: (value: unknown) => boolean): Check {
  return (value) => (isGood(value) ? undefined : what);
}

const isAtLeastZero = (value: unknown): boolean => typeof value === 'number' && value >= 0;

/** The checks that many options need. */
export const option: {
  readonly duration: Check;
  readonly finite: Check;
  readonly count: Check;
  readonly some: Check;
  readonly callback: Check;
  readonly flag: Check;
  readonly text: Check;
  readonly strings: (what: string) => Check;
  readonly group: (checks: Readonly<Record<string, Check>>) => Check;
} = {
  duration: expected('milliseconds: 0 or more, or Infinity', isAtLeastZero),
  finite: expected(
    'milliseconds: 0 or more',
    (value) => isAtLeastZero(value) && value !== Number.POSITIVE_INFINITY,
  ),
  count: expected(
    'a whole number: 0 or more, or Infinity',
    (value) => isAtLeastZero(value) && (Number.isSafeInteger(value) || value === Number.POSITIVE_INFINITY),
  ),
  /** A count without an infinity, and without 0. */
  some: expected(
    'a whole number: 1 or more',
    (value) => Number.isSafeInteger(value) && (value as number) >= 1,
  ),
  callback: expected('a function', (value) => typeof value === 'function'),
  flag: expected('true or false', (value) => typeof value === 'boolean'),
  text: expected('a string', (value) => typeof value === 'string'),
  strings: (what) =>
    expected(what, (value) => Array.isArray(value) && value.every((each) => typeof each === 'string')),
  /** An option that holds options. */
  group: (checks) => (value, name, owner) => {
    if (typeof value !== 'object' || value === null) return 'an object';
    check(value, checks, `${name}.`, owner);
    return undefined;
  },
};

/**
 * Checks the options that a function of the package was given.
 *
 * @param owner names the function in the message
 * @throws VeloxError `bad-option`, with the option that was probably meant.
 */
export function checkGiven(owner: string, given: unknown, checks: Readonly<Record<string, Check>>): void {
  check(given, checks, '', owner);
}

function check(given: unknown, checks: Readonly<Record<string, Check>>, prefix: string, owner: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new VeloxError('bad-option', `${owner} got ${show(given)} as options. Pass an object.`);
  }
  for (const [name, value] of Object.entries(given)) {
    const path = prefix + name;
    const rule = Object.hasOwn(checks, name) ? checks[name] : undefined;
    if (!rule) throw unknownOption(path, name, Object.keys(checks), owner);
    const what = value === undefined ? undefined : rule(value, path, owner);
    if (what !== undefined) throw wrong(owner, value, `option "${path}"`, what);
  }
}

/**
 * Checks an argument that a function of the package was given.
 *
 * @param name names the argument in the message, for instance "a handler"
 * @param owner names the function in the message
 * @throws VeloxError `bad-option`.
 */
export function checkArgument(owner: string, name: string, value: unknown, rule: Check): void {
  const what = rule(value, name, owner);
  if (what !== undefined) throw wrong(owner, value, name, what);
}

function wrong(owner: string, value: unknown, name: string, what: string): VeloxError {
  return new VeloxError('bad-option', `${owner} got ${show(value)} as ${name}. Pass ${what}.`);
}

function unknownOption(path: string, name: string, known: readonly string[], owner: string): VeloxError {
  const [nearest] = known
    .map((each) => ({ each, distance: distance(each.toLowerCase(), name.toLowerCase()) }))
    .filter((each) => each.distance <= Math.max(2, name.length / 3))
    .sort((a, b) => a.distance - b.distance);
  const advice = nearest ? `Did you mean "${nearest.each}"?` : `It knows ${known.join(', ')}.`;
  return new VeloxError('bad-option', `${owner} has no option "${path}". ${advice}`);
}

/** Returns how many characters differ (Levenshtein). */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value !== 'object' || value === null) return String(value);
  return Array.isArray(value) ? 'a list' : 'an object';
}

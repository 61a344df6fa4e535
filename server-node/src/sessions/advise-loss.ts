import { advise } from '../diagnostics/observer.js';

/** Names of events come from the application, and may be many. */
const MOST_SAID = 100;

const said = new Set<string>();

const REMEDIES: Readonly<Record<string, string>> = {
  Map: 'Convert it by Object.fromEntries(map).',
  Set: 'Convert it by [...set].',
  Error: 'Convert it to an object with its name and message.',
};

/**
 * Says once in development that some data has a value that JSON loses. It is not refused, as states do, because data is often passed on
 * whose other members are enough.
 *
 * @param what names the message
 * @param lost names the value: Map, Set, Error, function, symbol
 */
export function adviseLoss(what: string, lost: string): void {
  const id = `${what} ${lost}`;
  if (said.has(id) || said.size >= MOST_SAID) return;
  said.add(id);
  const remedy = REMEDIES[lost] ?? 'Convert it or leave it out.';
  advise(`${what} has a value that JSON cannot carry (${lost}), and is sent without it. ${remedy}`);
}

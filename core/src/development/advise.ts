/** How many pieces of advice a page gets: some of the keys grow with the application's data. */
const MOST_ADVICE = 100;

const given = new Set<string>();

/**
 * Shows advice in the console, once.
 *
 * @param key identifies the advice
 */
export function advise(key: string, advice: string): void {
  if (given.has(key) || given.size >= MOST_ADVICE) return;
  given.add(key);
  console.warn(`velox: ${advice}`);
}

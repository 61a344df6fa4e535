/** Whether two lists hold the same items in the same order. */
export function equalLists<T>(before: readonly T[], after: readonly T[]): boolean {
  return before.length === after.length && before.every((item, index) => Object.is(item, after[index]));
}

/** Array.prototype.splice for any number of items: a spread of 100,000 arguments overflows the stack. */
export function spliceIn(
  target: unknown[],
  start: number,
  count: number,
  items: readonly unknown[],
): unknown[] {
  if (items.length < 10_000) return target.splice(start, count, ...items);
  const rest = target.splice(start);
  const removed = rest.slice(0, count);
  for (const item of items) target.push(item);
  for (let index = count; index < rest.length; index++) target.push(rest[index]);
  return removed;
}

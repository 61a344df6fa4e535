/** Whether the JSON text of a value has more than `limit` bytes of UTF-8. Visits no more of the value than necessary. */
export function isLonger(value: unknown, limit: number): boolean {
  return remaining(value, limit) < 0;
}

/** How many of `left` bytes remain after a value; negative as soon as they are too few. */
function remaining(value: unknown, left: number): number {
  if (typeof value === 'string') return remainingAfterText(value, left);
  if (typeof value !== 'object' || value === null) return left - String(value).length;
  const isList = Array.isArray(value);
  left -= 1; // the opening bracket; each member counts a comma or the closing bracket
  if (Object.keys(value).length === 0) return left - 1;
  for (const [key, member] of isList ? value.entries() : Object.entries(value)) {
    if (typeof key === 'string') left = remainingAfterText(key, left - 1);
    if (left < 0) return left;
    left = remaining(member, left) - 1;
    if (left < 0) return left;
  }
  return left;
}

function remainingAfterText(text: string, left: number): number {
  // The exact size of a long text costs more: it may be known without that.
  if (text.length + 2 > left) return -1;
  return left - Buffer.byteLength(JSON.stringify(text));
}

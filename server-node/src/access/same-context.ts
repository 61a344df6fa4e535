/**
 * Whether two contexts of `authorize` stand for the same client: the same object, equal primitives, or plain objects with the same JSON.
 * Instances of classes hide their content (private members, Maps), so two of them never do.
 */
export function isSameContext(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== 'object' || typeof other !== 'object') return false;
  const key = plainText(one);
  return key !== undefined && key === plainText(other);
}

/** The JSON text of a plain value; undefined if something in it is not plain. */
export function plainText(context: unknown): string | undefined {
  try {
    return JSON.stringify(context, (_, value: unknown) => {
      if (!isPlain(value)) throw new TypeError('not plain');
      return value;
    });
  } catch {
    return undefined;
  }
}

function isPlain(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || prototype === Object.prototype || Array.isArray(value);
}

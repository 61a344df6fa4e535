/** The prototypes of the class instances that containers were copied from. */
const prototypes = new WeakMap<object, object>();

/** Whether an object is an instance of a class: neither a literal nor an object without a prototype. */
export function isInstance(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype !== Object.prototype && prototype !== null && !Array.isArray(value);
}

/** Notes that `copy` was made from an instance, whose methods it does not have. */
export function noteInstance(instance: object, copy: object): void {
  prototypes.set(copy, Object.getPrototypeOf(instance) as object);
}

/** Returns the name of the class if the instance behind `copy` had a method of that name. JSON.stringify asks each object for `toJSON`. */
export function classWithMethod(copy: object, name: string): string | undefined {
  const first = prototypes.get(copy);
  if (!first || name === 'toJSON') return undefined;
  for (let each: object | null = first; each; each = Object.getPrototypeOf(each) as object | null) {
    const method = Object.getOwnPropertyDescriptor(each, name);
    if (method) return typeof method.value === 'function' ? first.constructor.name || 'a class' : undefined;
  }
  return undefined;
}

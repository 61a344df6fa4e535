/** Values that JSON carries as they are. */
type Primitive = string | number | boolean | null;

/** Values that JSON drops from an object. */
type Dropped = undefined | symbol | ((...args: never[]) => unknown);

/** Keys of an object that reach a client: names that begin with `$` stay on the server, and functions are no JSON. */
type SentKey<T, K extends keyof T> = K extends `$${string}` | symbol
  ? never
  : Exclude<T[K], Dropped> extends never
    ? unknown extends T[K]
      ? K
      : never
    : K;

/**
 * The type of a value after `JSON.parse(JSON.stringify(value))`: a `Date` is a string, functions and members named `$…` are absent.
 *
 * @example Jsonify<{ at: Date; $private: number }> // { at: string }
 */
export type Jsonify<T> = unknown extends T
  ? T // any, unknown
  : T extends Primitive
    ? T
    : T extends { toJSON(...args: never[]): infer J }
      ? Jsonify<J>
      : T extends Dropped
        ? undefined
        : T extends readonly unknown[]
          ? { [I in keyof T]: T[I] extends Dropped ? null : Jsonify<T[I]> }
          : T extends object
            ? { [K in keyof T as SentKey<T, K>]: Jsonify<T[K]> }
            : never;

/** Objects whose methods a read-only type would not protect. */
type Opaque =
  ((...args: never[]) => unknown) | Date | RegExp | Map<unknown, unknown> | Set<unknown> | Promise<unknown>;

/** The same type, read-only at every depth. */
export type DeepReadonly<T> = unknown extends T
  ? T
  : T extends Primitive | Opaque
    ? T
    : T extends object
      ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
      : T;

/** A topic's value as a client holds it: JSON, and read-only. */
export type Replicated<T> = DeepReadonly<Jsonify<T>>;

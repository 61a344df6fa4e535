import { thenOrNow } from '../diagnostics/maybe-promise.js';

/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that is used: whoever brings a schema of zod, valibot or
 * arktype brings this.
 */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => Validation<Output> | Promise<Validation<Output>>;
  };
}

type Validation<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly object[] };

/** Whether a value matches a schema: synchronous if the schema is synchronous. */
export function isValid(schema: StandardSchema, value: unknown): boolean | Promise<boolean> {
  return thenOrNow(schema['~standard'].validate(value), ({ issues }) => !issues);
}

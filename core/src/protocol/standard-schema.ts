/**
 * The part of Standard Schema (https://standardschema.dev, version 1) that is used. Schemas of Zod 4, Valibot 1 and ArkType 2 have it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The output of a schema, or the places of the value that it refuses. */
export type SchemaResult<Output> =
  { readonly value: Output; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] };

/** One place of a value that a schema refuses. `path` is absent or empty for the value itself. */
export interface SchemaIssue {
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Any schema. */
export type AnySchema = StandardSchema<unknown, unknown>;

/** The values that a schema accepts. */
export type SchemaInput<S extends AnySchema> = NonNullable<S['~standard']['types']>['input'];

/** The values that a schema makes of those. */
export type SchemaOutput<S extends AnySchema> = NonNullable<S['~standard']['types']>['output'];

import type { Checked, Contract } from './contract.js';
import { VeloxError } from './error.js';
import type { AnySchema, SchemaInput, SchemaOutput, StandardSchema } from './standard-schema.js';

/** The schemas of a contract, by name. Any library with Standard Schema will do: Zod 4, Valibot 1, ArkType 2. */
export interface ContractSchemas {
  /** By the name of the topic; `:name` stands for any text: `'items/:id'`. */
  readonly topics?: Readonly<Record<string, AnySchema>>;
  readonly events?: Readonly<Record<string, AnySchema>>;
  /** The schema of the data, and that of the reply. */
  readonly calls?: Readonly<Record<string, readonly [AnySchema, AnySchema]>>;
  /** The schema of a room's name. Default: any text. */
  readonly rooms?: StandardSchema<string>;
}

/** A contract as a value: it has the schemas, and its type is that of a contract. */
export interface ContractValue<C extends CheckedContract = CheckedContract> extends ContractSchemas {
  /** Only the type matters; there is no such member. */
  readonly '~contract'?: C;
}

/** The type of a contract that has schemas: a hub of this type needs the value, too. */
export interface CheckedContract extends Contract {
  readonly '~checked': true;
}

/** The type of a contract that `defineContract` returned: `type App = ContractOf<typeof app>`. */
export type ContractOf<V extends ContractValue> = NonNullable<V['~contract']>;

type Pattern<N extends string> = N extends `${infer Head}/${infer Tail}`
  ? `${Segment<Head>}/${Pattern<Tail>}`
  : Segment<N>;

type Segment<S extends string> = S extends `:${string}` ? string : S;

type CheckedBy<S extends AnySchema> = Checked<SchemaInput<S>, SchemaOutput<S>>;

/** The contract that schemas describe. */
export type ContractFrom<S extends ContractSchemas> = {
  readonly '~checked': true;
  readonly topics: {
    readonly [N in keyof S['topics'] & string as Pattern<N>]: SchemaOutput<NonNullable<S['topics']>[N]>;
  };
  readonly events: {
    readonly [N in keyof S['events'] & string]: CheckedBy<NonNullable<S['events']>[N]>;
  };
  readonly calls: {
    readonly [N in keyof S['calls'] & string]: readonly [
      CheckedBy<NonNullable<S['calls']>[N][0]>,
      CheckedBy<NonNullable<S['calls']>[N][1]>,
    ];
  };
} & (S extends { readonly rooms: infer R extends AnySchema }
  ? { readonly rooms: SchemaOutput<R> & string }
  : unknown);

/**
 * Defines a contract by schemas. A hub that has it checks every event, call and reply of its clients.
 *
 * @example
 * export const app = defineContract({
 *   topics: { board: Board, 'items/:id': Item },
 *   events: { chat: Chat },
 *   calls: { rename: [Name, z.boolean()] },
 * })
 * export type App = ContractOf<typeof app>
 *
 * const hub = velox.createHub({ contract: app }) // server
 * const sync = connect<App>('/sync') // client
 * @throws VeloxError `bad-option` for an entry that is no schema.
 */
export function defineContract<const S extends ContractSchemas>(schemas: S): ContractValue<ContractFrom<S>> {
  const { topics, events, calls, rooms } = schemas;
  const parts: [string, Record<string, unknown> | undefined][] = [
    ['topics', topics],
    ['events', events],
    ['calls', calls],
    ['', rooms && { rooms }],
  ];
  for (const [part, entries] of parts) {
    for (const [name, entry] of Object.entries(entries ?? {})) {
      const expected = part === 'calls' ? 2 : 1;
      const given = expected === 2 && Array.isArray(entry) ? entry : [entry];
      if (given.length === expected && given.every(isSchema)) continue;
      const path = [part, name].filter(Boolean).join('.');
      const what = expected === 2 ? 'two Standard Schemas: [data, reply]' : 'a Standard Schema';
      throw new VeloxError('bad-option', `defineContract() got no schema for "${path}". Pass ${what}.`);
    }
  }
  return schemas;
}

/** Whether a value is a Standard Schema. */
export function isSchema(value: unknown): value is AnySchema {
  return typeof (value as Partial<AnySchema> | null | undefined)?.['~standard']?.validate === 'function';
}

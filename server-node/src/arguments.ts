/**
 * Checks arguments whose types only TypeScript enforces: each mistake is reported by the call that makes it, and not at the first event of
 * a client.
 */
import { checkArgument, expected, isSchema, option, VeloxError, type Check } from '@velox/core/protocol';
import type { Hub } from './hub/hub.js';

const SCHEMA = expected('a Standard Schema', isSchema);
const CONTAINER = expected('an object or a list', (value) => typeof value === 'object' && value !== null);

/** @throws VeloxError `bad-option` for a name that is no text. */
export function checkName(owner: string, kind: string, name: unknown): void {
  checkArgument(owner, `the name of ${kind}`, name, option.text);
}

/** @throws VeloxError `bad-option` for anything but a function. */
export function checkHandler(owner: string, name: string, handler: unknown): void {
  checkArgument(owner, `the handler of "${name}"`, handler, option.callback);
}

/** @throws VeloxError `bad-option` for anything but a Standard Schema. */
export function checkSchema(owner: string, name: string, schema: unknown): void {
  checkArgument(owner, `the schema of "${name}"`, schema, SCHEMA);
}

/** @throws VeloxError `bad-option` for anything but an object or a list. */
export function checkContainer(owner: string, value: unknown): void {
  checkArgument(owner, 'a value', value, CONTAINER);
}

/**
 * Checks a topic that is to be published. A value of `undefined` is null, but a missing one is a mistake.
 *
 * @param rest the arguments after the name
 * @throws VeloxError `closed` after `hub.close()`; `bad-option` without a name or a value.
 */
export function checkTopic(hub: Hub, owner: string, topic: unknown, rest: readonly unknown[]): void {
  checkName(owner, 'a topic', topic);
  if (rest.length === 0) {
    throw new VeloxError(
      'bad-option',
      `${owner} got no value for "${topic as string}". Pass a JSON value, such as null.`,
    );
  }
  checkOpen(hub, owner);
}

/** @throws VeloxError `closed` after `hub.close()`. */
export function checkOpen(hub: Hub, owner: string): void {
  if (hub.isClosed) throw new VeloxError('closed', `${owner} came after hub.close(). Create another hub.`);
}

/** @throws VeloxError `bad-option` for a filter that is no function. */
export function checkFilter(owner: string, filter: unknown): void {
  if (filter !== undefined) checkArgument(owner, 'a filter', filter, FILTER);
}

const FILTER: Check = expected(
  'a function of the context and the topic',
  (value) => typeof value === 'function',
);

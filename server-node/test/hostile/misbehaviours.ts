import { runInNewContext } from 'node:vm';
import type { StandardSchema } from '@velox/core/protocol';
import * as velox from '../../src/index.js';

/** The ways in which an application's callback may fail. */
export const MISBEHAVIOURS: Record<string, () => unknown> = {
  throws: () => {
    throw new Error('thrown');
  },
  rejects: () => Promise.reject(new Error('rejected')),
  'rejects in another realm': () =>
    runInNewContext('Promise.reject(new Error("rejected elsewhere"))') as unknown,
  'never settles': () => new Promise(() => undefined),
  'settles twice': () => ({
    then(resolve: (value: unknown) => void, reject: (error: unknown) => void) {
      resolve(undefined);
      reject(new Error('settled twice'));
    },
  }),
  'returns a thenable that throws': () => ({
    then() {
      throw new Error('thrown by then');
    },
  }),
  'returns a then that cannot be read': () =>
    Object.defineProperty({}, 'then', {
      get() {
        throw new Error('thrown by a getter');
      },
    }),
};

/** A Standard Schema whose check is a callback. */
const schema = (validate: () => unknown): StandardSchema =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as StandardSchema;

/** The parts of a hub in which one callback misbehaves: its options, and what is done with the hub. */
interface Cell {
  readonly options?: velox.HubOptions;
  readonly use?: (hub: velox.Hub) => void;
}

type Act = () => never;

const row = (id: string): object => ({ id });

/** Every callback that an application gives to a hub. */
const CELLS = {
  authorize: (act) => ({ options: { authorize: act } }),
  identify: (act) => ({ options: { identify: act } }),
  bind: (act) => ({ options: { bind: act } }),
  name: (act) => ({ options: { name: act } }),
  canSubscribe: (act) => ({ options: { canSubscribe: act } }),
  canJoin: (act) => ({ options: { canJoin: act } }),
  'validator of subscriptions': (act) => ({ options: { validators: { subscription: schema(act) } } }),
  onConnect: (act) => ({ options: { onConnect: act } }),
  onAway: (act) => ({ options: { onAway: act } }),
  onReconnect: (act) => ({ options: { onReconnect: act } }),
  onDisconnect: (act) => ({ options: { onDisconnect: act } }),
  onUnknown: (act) => ({ options: { onUnknown: act } }),
  logger: (act) => ({
    options: { logger: act },
    use: (hub) =>
      hub.on('do', () => {
        throw new Error('for the log');
      }),
  }),
  handler: (act) => ({ use: (hub) => hub.on('do', act) }),
  'handler behind a schema': (act) => ({ use: (hub) => hub.on('do', schema(act), () => undefined) }),
  'answer handler': (act) => ({ use: (hub) => hub.answer('ask', act) }),
  'answer behind a schema': (act) => ({ use: (hub) => hub.answer('ask', schema(act), () => 1) }),
  'channel handler': (act) => ({
    options: { onConnect: (session) => void session.channel('lane').on('do', act) },
  }),
  audience: (act) => ({
    use: (hub) => hub.state('viewed', { n: 0 }, { audience: act, view: ({ n }) => ({ n }) }),
  }),
  view: (act) => ({ use: (hub) => hub.state('viewed', { n: 0 }, { audience: () => 'a', view: act }) }),
  fetch: (act) => ({ use: (hub) => hub.entity('items', { fetch: act, timeout: 200 }) }),
  fetchMany: (act) => ({ use: (hub) => hub.entity('items', { fetchMany: act, timeout: 200 }) }),
  'audience of an entity': (act) => ({ use: (hub) => hub.entity('items', { fetch: row, audience: act }) }),
  'presence of': (act) => ({ use: (hub) => hub.presence({ of: act }) }),
  'presence rooms': (act) => ({ use: (hub) => hub.presence({ of: () => ({ id: 'x' }), rooms: act }) }),
  'presence mine': (act) => ({ use: (hub) => hub.presence({ of: () => ({ id: 'x' }), mine: schema(act) }) }),
} satisfies Record<string, (act: Act) => Cell>;

export const CALLBACKS = Object.keys(CELLS) as (keyof typeof CELLS)[];

/** A hub of which one callback misbehaves. */
export function misbehaving(callback: keyof typeof CELLS, misbehaviour: string): velox.Hub {
  const { options, use }: Cell = CELLS[callback](MISBEHAVIOURS[misbehaviour] as Act);
  const hub = velox.createHub({
    limits: { handshake: 1_000 },
    patience: 2_000,
    authorize: () => ({}),
    canJoin: () => true,
    logger: () => undefined,
    ...options,
  });
  hub.state('', { n: 0 });
  use?.(hub);
  return hub;
}

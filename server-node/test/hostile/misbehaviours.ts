import { runInNewContext } from 'node:vm';
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

export const CALLBACKS = [
  'authorize',
  'identify',
  'bind',
  'canSubscribe',
  'validator',
  'handler',
  'logger',
] as const;

/** A hub of which one callback misbehaves. */
export function misbehaving(callback: (typeof CALLBACKS)[number], misbehaviour: string): velox.Hub {
  const act = MISBEHAVIOURS[misbehaviour] as () => never;
  const validators = {
    subscription: { '~standard': { version: 1, vendor: 'test', validate: act } },
  } as const;
  const hub = velox.createHub({
    limits: { handshake: 200 },
    authorize: callback === 'authorize' ? act : () => ({}),
    ...(callback === 'identify' && { identify: act }),
    ...(callback === 'bind' && { bind: act }),
    ...(callback === 'canSubscribe' && { canSubscribe: act }),
    ...(callback === 'validator' && { validators }),
    logger: callback === 'logger' ? act : () => undefined,
  });
  hub.on('do', callback === 'handler' ? act : () => undefined);
  if (callback === 'logger')
    hub.on('do', () => {
      throw new Error('for the log');
    });
  return hub;
}

import type { AnyContract, Contract } from './contract.js';
import { connect, resolve, type ConnectOptions } from './connect.js';
import { createConnection, type Sync } from './connection.js';
import type { Initial, Replica } from './replica.js';

/** How to reach an endpoint together with others. Of those who share a connection, the options of the first count. */
export interface SharedOptions extends ConnectOptions {
  /** Whose connection it is; different ones are never shared. Default: the page's. */
  readonly identity?: string | undefined;
}

/** What an adapter can show: a topic at a URL, or a replica. A URL alone means its default topic. */
export type Source<T> =
  | string
  | Replica<T>
  | (SharedOptions & {
      readonly url: string;
      readonly topic?: string | undefined;
      /** A value to start from, as a server rendered it. */
      readonly initial?: Initial<T> | undefined;
    });

const connections = new Map<string, Sync>();

/**
 * The one connection to a URL, however many ask for it. Without a document (a server renders) nothing is registered, and it
 * never opens.
 */
export function shared<C extends Contract = AnyContract>(url: string, options?: SharedOptions): Sync<C>;
export function shared(url: string, { identity = '', ...options }: SharedOptions = {}): Sync {
  if (!globalThis.document) return createConnection({ url, transports: [] });
  const key = `${identity} ${resolve(url)}`;
  let sync = connections.get(key);
  if (!sync) {
    const made = connect(url, options);
    const close = (): void => {
      if (connections.get(key) === sync) connections.delete(key);
      made.close();
    };
    connections.set(key, (sync = { ...made, close }));
  }
  return sync;
}

/** The replica that a source means, the same one each time. */
export function replicaOf<T>(source: Source<T>): Replica<T> {
  if (typeof source === 'string') return shared(source).replica();
  if ('get' in source) return source;
  const { url, topic, initial, ...options } = source;
  return shared(url, options).replica(topic, initial);
}

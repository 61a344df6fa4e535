import { carry, resolve, type ConnectOptions } from './connect.js';
import type { Carrier } from '../connection/options.js';
import { createConnection } from '../connection/connection.js';
import type { AnyContract, Contract } from '../protocol/contract.js';
import type { Initial, Replica } from '../replicas/replica.js';
import { createSync, type Sync } from '../events/sync.js';

/** How to reach an endpoint together with others. Of those who share a connection, the options of the first count. */
export interface SharedOptions extends ConnectOptions {
  /** Whose connection it is; different ones are never shared. Default: the page's. */
  readonly identity?: string | undefined;
  /** What a relative URL is relative to; itself to the document, which is the default. */
  readonly base?: string | undefined;
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

const carriers = new Map<string, Carrier>();
const syncs = new WeakMap<Carrier, Sync<never>>();

/**
 * The one connection to a URL, however many ask for it. Without a document (a server renders) nothing is registered, and it
 * never opens.
 */
export function shared<C extends Contract = AnyContract>(url: string, options?: SharedOptions): Sync<C> {
  const carrier = carrierOf(url, options);
  let sync = syncs.get(carrier);
  if (!sync) syncs.set(carrier, (sync = createSync(carrier)));
  return sync as unknown as Sync<C>;
}

/** The replica that a source means, the same one each time. */
export function replicaOf<T>(source: Source<T>): Replica<T> {
  if (typeof source === 'string') return replicaOf({ url: source });
  if ('get' in source) return source;
  const { url, topic, initial, ...options } = source;
  return carrierOf(url, options).replica(topic, initial);
}

function carrierOf(url: string, { identity = '', base, ...options }: SharedOptions = {}): Carrier {
  if (!globalThis.document) return createConnection({ url, transports: [] });
  const absolute = resolve(url, resolve(base));
  const key = `${identity} ${absolute}`;
  let carrier = carriers.get(key);
  if (!carrier) {
    carrier = carry(absolute, { ...options, onClose: () => carriers.delete(key) });
    carriers.set(key, carrier);
  }
  return carrier;
}

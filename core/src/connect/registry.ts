import { checkEndpoint, checkSource, noteSharedOptions } from '#development';
import type { AnyContract, Contract } from '../protocol/contract.js';
import { createEventConnection } from '../connection/connection.js';
import type { EventConnection } from '../connection/options.js';
import { createSync, type Sync } from '../events/sync.js';
import { isServerRendering } from '../platform/page.js';
import type { Initial, Replica } from '../replicas/replica.js';
import { connectionTo, resolve, type ConnectOptions } from './connect.js';

/**
 * How to reach an endpoint together with others. The options of the first user of a connection apply, until it is closed. If later users
 * give the functions `auth`, `headers` and `onClose`, too, then the newest are called: they may be closures over newer state.
 */
export interface SharedOptions extends ConnectOptions {
  /** The identity that the connection belongs to. Two identities never share a connection. Default: the page's. */
  readonly identity?: string | undefined;
  /** The base of a relative URL; itself relative to the document, which is the default. */
  readonly base?: string | undefined;
}

/** A source that an adapter can show: a topic at a URL, or a replica. A URL alone means its default topic. */
export type Source<T> =
  | string
  | Replica<T>
  | (SharedOptions & {
      readonly url: string;
      readonly topic?: string | undefined;
      /** A value to start from, as a server rendered it. */
      readonly initial?: Initial<T> | undefined;
    });

/**
 * The connection that a component found last. The component keeps it while its source has the same URL and identity, also after `close()`:
 * its next rendering must not undo that.
 */
export interface Lookup {
  entry?: Entry;
  connection?: EventConnection;
}

/** All that the page keeps of a shared connection until it is closed. */
export interface Entry {
  readonly key: string;
  /** Those of the first user. They apply again if the connection was forgotten because nothing used it. */
  readonly options: ConnectOptions;
  /** The newest functions of all users, by their option. They may be closures over state, so those in `options` call these. */
  readonly newest: Record<string, () => unknown>;
  /** A connection that nothing uses is forgotten. */
  ref?: WeakRef<EventConnection>;
  /** The connection, once the application has asked for it, or while components wait for a closed one. */
  connection?: EventConnection;
}

/** The options that are functions of the application, and may be closures over its state. */
export const CALLBACKS = ['auth', 'headers', 'onClose'] as const;

const entries = new Map<string, Entry>();
/** Closed connections that components wait for, by their keys: a component that has not been mounted remembers no connection. */
export const awaited: Map<string, Entry> = new Map<string, Entry>();
const syncs = new WeakMap<EventConnection, Sync<never>>();

/**
 * The one connection to a URL, shared by all users. The page keeps it until it is closed; then this returns another one. While a server
 * renders, nothing is registered, and the connection never opens.
 */
export function shared<C extends Contract = AnyContract>(url: string, options?: SharedOptions): Sync<C> {
  return sharedBy(undefined, url, options);
}

/** @param last of the component that asks; without one, the application asks */
export function sharedBy<C extends Contract>(
  last: Lookup | undefined,
  url: string,
  options?: SharedOptions,
): Sync<C> {
  checkEndpoint(options);
  const connection = connectionOf(last, url, options);
  let sync = syncs.get(connection);
  if (!sync) syncs.set(connection, (sync = createSync(connection)));
  return sync as unknown as Sync<C>;
}

/**
 * The replica of a source, the same one while it is in use.
 *
 * @param last of the component that shows the source: one empty object for each source of a component
 */
export function replicaOf<T>(source: Source<T>, last: Lookup = {}): Replica<T> {
  if (typeof source === 'string') return replicaOf({ url: source }, last);
  if ('get' in source) return source;
  checkSource(source);
  const { url, topic, initial, ...options } = source;
  return connectionOf(last, url, options).replica(topic, initial);
}

function connectionOf(
  last: Lookup | undefined,
  url: string,
  { identity = '', base, ...options }: SharedOptions = {},
): EventConnection {
  if (isServerRendering()) return createEventConnection({ url, transports: [] });
  const absolute = resolve(url, base === undefined ? base : resolve(base));
  const key = `${identity} ${absolute}`;
  const entry: Entry =
    last?.entry?.key === key
      ? last.entry
      : (entries.get(key) ?? (last && awaited.get(key)) ?? { key, options, newest: {} });
  const given: Record<string, unknown> = options;
  for (const name of CALLBACKS) {
    if (typeof given[name] !== 'function') continue;
    entry.newest[name] = given[name] as () => unknown;
    given[name] = () => entry.newest[name]!();
  }
  let connection = entry.ref?.deref();
  if (!connection) {
    const onClose = (): void => {
      entries.delete(key);
      entry.options.onClose?.();
    };
    connection = connectionTo(absolute, { ...entry.options, onClose });
    entry.ref = new WeakRef(connection);
    entries.set(key, entry);
  }
  if (last) last.entry = entry;
  (last ?? entry).connection = connection; // if the application asked, the page keeps it
  noteSharedOptions(entry, absolute, options);
  return connection;
}

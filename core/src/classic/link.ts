import { EXPLAINED } from '#development';
import { connectionTo, type ConnectOptions } from '../connect/connect.js';
import { load, loaded } from '../platform/load.js';
import { advance, type Document, type Steps } from '../protocol/document.js';
import { VeloxError } from '../protocol/error.js';
import type { Position } from '../protocol/frames.js';
import type { Patch } from '../protocol/patch.js';
import { once } from '../reactive/readable.js';
import type { Initial } from '../replicas/replica.js';
import type { Reason, Status } from '../replicas/status.js';

/** The callbacks through which a link updates its object. */
export interface LinkListener<T> {
  /** The transport in use, or in trial. */
  readonly onTransport: (name: string | undefined) => void;
  readonly onOpen: () => void;
  /** A link was lost, or an attempt failed. Returns whether the application makes the next attempt. */
  readonly onLost: () => boolean;
  readonly onError: (reason: Reason) => void;
  readonly onPatch: (patches: Patch[]) => void;
  /** A value, with the position that it is at. */
  readonly onValue: (value: T, position: Position) => void;
  /** The present value has this position as well. */
  readonly onPosition: (position: Position) => void;
}

/** One topic of one connection, for as long as it is wanted. */
export interface ClassicLink {
  /** Connects again if the connection has ended for good. */
  readonly connect: () => void;
  readonly retry: () => void;
  /** @throws VeloxError `closed`, `not-supported`. */
  readonly send: (data: unknown) => void;
  readonly close: () => void;
}

/** Steps for a document that has a position and no value. */
const WITHOUT_VALUES: Steps = { apply: () => undefined, share: () => undefined };

const LOST: readonly Status['state'][] = ['waiting', 'offline', 'closed'];

/**
 * Connects, and follows a topic.
 *
 * @param initial the value to go on from
 */
export function createLink<T>(
  url: string,
  { topic, ...options }: ConnectOptions & { readonly topic?: string | undefined },
  initial: Initial<T> | undefined,
  listener: LinkListener<T>,
): ClassicLink {
  const connection = connectionTo(url, options);
  const { status, ...replica } = connection.replica<T>(topic, initial);
  /** The position of the replica, which does not expose its position. */
  let position = initial as Document | undefined;
  let shown: unknown = initial?.body;
  let reason: Reason | undefined;
  let state: Status['state'] = 'idle';
  /** The number of the newest event. */
  let seq = 0;

  /** Without the code that loads on need, deltas cannot be applied, and only a WebSocket opens. */
  const checkCode = once(() => {
    load().catch(({ message }: Error) => listener.onError({ code: 'not-loaded', message }));
  });

  connection.onFrame((frame) => {
    if (!('version' in frame) || (frame.topic ?? '') !== replica.topic) return;
    const next = advance(position, frame, loaded && WITHOUT_VALUES);
    if (next === 'gap') return;
    position = next;
    if (!('body' in frame)) listener.onPosition({ id: next.id, version: next.version });
  });
  const stop = status.subscribe(() => {
    const now = status.get();
    const before = state;
    state = now.state;
    listener.onTransport(now.transport);
    if (now.reason !== reason) {
      reason = now.reason;
      if (reason) listener.onError(reason);
    }
    if (state === before) return;
    checkCode();
    if (state === 'open') listener.onOpen();
    // Not from within the connection, which sets its timer after this callback.
    else if (LOST.includes(state) && listener.onLost()) queueMicrotask(close);
  });
  replica.subscribePatches(listener.onPatch);
  replica.subscribe(() => {
    const value = replica.get() as T;
    if (value === shown) return;
    shown = value;
    // Without animation frames, a value is published before we hear of its frame.
    queueMicrotask(() => listener.onValue(value, position!));
  });

  function close(): void {
    stop();
    connection.close();
  }
  return {
    connect: () => void (state === 'closed' && connection.reconnect()),
    retry: connection.reconnect,
    send(data = null) {
      if (state !== 'open')
        throw new VeloxError('closed', EXPLAINED && 'send() without a connection. Wait for onconnect.');
      if (status.get().protocol === 2) {
        throw new VeloxError(
          'not-supported',
          EXPLAINED && 'a server of version 2 takes no data. Update the server.',
        );
      }
      connection.send(JSON.stringify({ event: 'message', data, seq: ++seq }));
    },
    close,
  };
}

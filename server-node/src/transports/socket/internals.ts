/**
 * Private members of Node and ws that Velox uses, each with its reason. `internals.test.ts` names the versions on which they were seen.
 * If a version lacks one, only the feature named in its comment is lost.
 */
import http, { type IncomingMessage, type ServerResponse } from 'node:http';
import type { Server as NetServer } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Returns the server that accepted a socket: Node's `socket.server`. Without it, WebSockets need `attach()`: `handle` could not find
 * the server whose upgrades it serves.
 */
export function serverOf(socket: object): unknown {
  return (socket as { server?: unknown }).server;
}

/**
 * Returns the response that a connection is still writing: Node's `socket._httpMessage`. Without it, a WebSocket handshake that is
 * pipelined behind another request would be answered before that request.
 */
export function responseUnderWay(socket: Duplex): ServerResponse | undefined {
  return (socket as { _httpMessage?: ServerResponse | null })._httpMessage ?? undefined;
}

/** Events for which Node adds a listener with each parse and leaves it there after an upgrade. */
const LEFT_BEHIND = ['timeout', 'resume', 'pause'];

/**
 * Gives a connection back to its server, which then parses `request` once more. It calls Node's `_connectionListener`, and not the
 * application's listeners of new connections, and emits the head as `data`, for which Node's parser listens. Without these members, an
 * upgrade to another protocol would get no answer instead of being served as a plain request.
 *
 * @param meanwhile runs its argument while the head is parsed
 */
export function parseAgain(
  server: NetServer,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  meanwhile: (parse: () => void) => void,
): void {
  const { method, url, httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  connectionListener.call(server, socket);
  for (const name of LEFT_BEHIND) {
    const listeners = socket.listeners(name) as (() => void)[];
    listeners.filter((each, at) => listeners.indexOf(each) !== at).forEach((each) => socket.off(name, each));
  }
  meanwhile(() => socket.emit('data', Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')));
  if (head.length > 0) socket.unshift(head);
}

const { _connectionListener: connectionListener } = http as unknown as {
  _connectionListener: (this: NetServer, socket: Duplex) => void;
};

/**
 * Takes the place of ws as the reader of its socket: removes its listener of `data`, the one before the newest, and returns it. Without
 * it, ws would inflate messages of strangers. Bun brings a ws of its own that reads natively: there the result is undefined.
 */
export function takeReader(socket: Duplex): ((this: Duplex, bytes: Buffer) => void) | undefined {
  if (process.versions.bun) return undefined;
  const readers = socket.listeners('data') as ((this: Duplex, bytes: Buffer) => void)[];
  const [own, reader] = [readers.pop(), readers.pop()];
  if (!own || !reader)
    throw new Error('velox: this version of ws reads its sockets in another way. Install ws 8.22.0.');
  socket.off('data', reader);
  return reader;
}

/**
 * Releases the decompressor that ws keeps per client after the first compressed message, some 50 KB: ws's `_extensions`. Our clients
 * never refer to earlier messages. Without it, only memory is wasted.
 */
export function releaseInflater(webSocket: object): void {
  const { _extensions: extensions } = webSocket as { _extensions?: Record<string, { cleanup?(): void }> };
  extensions?.['permessage-deflate']?.cleanup?.();
}

/**
 * Returns a text that changes whenever the system takes bytes of a socket: libuv's `bytesWritten` and `writeQueueSize`, over TLS those of
 * the connection below (`_parent`). Without them, a stalled reader is noticed after up to twice the time.
 */
export function sendingProgress(socket: object): string | undefined {
  const { _handle: handle } = socket as { _handle?: (Sending & { _parent?: Sending }) | null };
  const { bytesWritten, writeQueueSize } = handle?._parent ?? handle ?? {};
  return writeQueueSize === undefined ? undefined : `${bytesWritten} ${writeQueueSize}`;
}

interface Sending {
  readonly bytesWritten?: number;
  readonly writeQueueSize?: number;
}

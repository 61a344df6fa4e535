import { Server as HttpServer } from 'node:http';
import type { Http2Session } from 'node:http2';
import type { Server as NetServer, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { responseUnderWay } from '../transports/socket/internals.js';
import { CLOSE_MS } from '../wire/outlet.js';

/** The open connections of a server that bring requests. An upgraded connection is no longer among them. */
export class Connections {
  readonly #server: NetServer;
  /**
   * By the socket, or by the address of the peer: a TLS socket takes the place of the plain one below it, and a session of HTTP/2 does not
   * show its own.
   */
  readonly #sockets = new Map<unknown, Duplex>();
  /** The connections of HTTP/2: their streams have responses, their sockets have none. */
  readonly #sessions = new Set<Http2Session>();
  readonly #isPlain: boolean;
  /** One listener for all sockets that are their own key. */
  readonly #onClose: (this: Duplex) => void;

  constructor(server: NetServer) {
    this.#server = server;
    this.#isPlain = server instanceof HttpServer;
    const sockets = this.#sockets;
    this.#onClose = function () {
      sockets.delete(this);
    };
  }

  add(socket: Socket): void {
    const key = this.#keyOf(socket);
    if (this.#sockets.get(key) === socket) return;
    this.#sockets.set(key, socket);
    // A closed socket has no address any more.
    socket.on('close', key === socket ? this.#onClose : () => this.#forget(key, socket));
  }

  /** Adds a connection of HTTP/2, also repeatedly. */
  addSession(session: Http2Session): void {
    if (session.destroyed || this.#sessions.has(session)) return;
    this.#sockets.delete(this.#keyOf(session.socket));
    this.#sessions.add(session);
    session.once('close', () => this.#sessions.delete(session));
  }

  /** Forgets a connection that became something else, a WebSocket for example. */
  release(socket: Duplex): void {
    socket.off('close', this.#onClose);
    this.#forget(this.#keyOf(socket), socket);
  }

  #forget(key: unknown, socket: Duplex): void {
    if (this.#sockets.get(key) === socket) this.#sockets.delete(key);
  }

  #keyOf(socket: Duplex): unknown {
    if (this.#isPlain) return socket;
    const { remoteAddress, remotePort } = socket as Socket;
    return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
  }

  /**
   * Ends the connections of a server that accepts no more. Idle connections, and those that have received nothing, end immediately. Those
   * without a complete request end after 5 s, unless the server still listens then. A connection of HTTP/2 ends with its last response.
   *
   * @param isForAll whether connections that still have a response after 5 s end as well
   */
  end(isForAll: boolean): void {
    if (!this.#server.listening) {
      for (const socket of this.#sockets.values()) if (isSilent(socket)) socket.destroy();
      (this.#server as { closeIdleConnections?(): void }).closeIdleConnections?.();
      for (const session of this.#sessions) session.close();
    }
    setTimeout(() => {
      if (this.#server.listening) return;
      for (const session of this.#sessions) session[isForAll ? 'destroy' : 'close']();
      for (const socket of this.#sockets.values())
        if (isForAll || !responseUnderWay(socket)) socket.destroy();
    }, CLOSE_MS).unref();
  }
}

function isSilent(socket: Duplex & { readonly bytesRead?: number }): boolean {
  return socket.bytesRead === 0;
}

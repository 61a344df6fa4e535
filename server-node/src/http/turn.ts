import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/** The most requests of one connection that wait for their turn. Browsers and proxies do not pipeline at all. */
const MOST_WAITING = 16;

/** The requests of a connection that wait; one listener on the socket serves all of them. */
const waiting = new WeakMap<Socket, Set<() => void>>();

function waitingOn(socket: Socket): Set<() => void> {
  const known = waiting.get(socket);
  if (known) return known;
  const ends = new Set<() => void>();
  waiting.set(socket, ends);
  socket.once('close', () => [...ends].forEach((end) => end()));
  return ends;
}

/**
 * Resolves when the answer to a pipelined request may be written; false if its connection is gone by then. Until then the request causes
 * no work: one connection asks one question at a time, and opens no session whose stream may never be read.
 *
 * @returns undefined if it may be written now
 */
export function whenTurn(request: IncomingMessage, response: ServerResponse): Promise<boolean> | undefined {
  const { socket } = request;
  // Node assigns the socket to one response after the other. A request without a turn and a predecessor is not
  // from node:http.
  const { _httpMessage: former } = socket as { _httpMessage?: ServerResponse | null };
  if (response.socket || !former || former === response) return undefined;
  if (socket.destroyed) return Promise.resolve(false);
  const ends = waitingOn(socket);
  if (ends.size >= MOST_WAITING) {
    socket.destroy();
    return Promise.resolve(false);
  }
  return new Promise((resolve) => {
    const settle = (isTurn: boolean): void => {
      ends.delete(onClose);
      response.off('socket', onTurn);
      resolve(isTurn);
    };
    const onTurn = (): void => settle(true);
    const onClose = (): void => settle(false);
    ends.add(onClose);
    response.once('socket', onTurn);
  });
}

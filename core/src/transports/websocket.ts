import type { Transport } from '../connection/transport.js';
import { defineTransport, endpoint } from './define.js';

/** What is used of a WebSocket class: the browser's own, or that of the package `ws`. */
export type WebSocketClass = new (url: string) => Pick<WebSocket, 'send' | 'close'>;

/**
 * Text messages over a WebSocket, one frame each. Undefined where there is no WebSocket class.
 *
 * @param Class default: the global one, if there is any.
 */
export function websocket(Class: WebSocketClass | undefined = globalThis.WebSocket): Transport | undefined {
  if (!Class) return undefined;
  return defineTransport('websocket', ({ url, open }, reporter, signal) => {
    const socket = new Class(endpoint(url).replace('http', 'ws')) as WebSocket;
    const send = (frame: object): void => socket.send(JSON.stringify(frame));
    socket.onopen = () => {
      open.forEach(send);
      reporter.onOpen();
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      reporter.onByte();
      reporter.onMessage(data);
    };
    // Always followed by a close that says as much. It has to be there: `ws` throws errors that nobody listens for.
    socket.onerror = () => {};
    socket.onclose = ({ code, reason }) => {
      reporter.onClose({ code: 'lost', message: `closed (${code}) ${reason}` });
    };
    signal.onabort = () => socket.close();
    return send;
  });
}

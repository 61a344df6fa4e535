import type { Transport } from '../connection/transport.js';
import { defineTransport } from './define.js';
import { endpoint } from './endpoint.js';

/** The part of a WebSocket class that is used: the browser's own, or that of the package `ws`. */
export type WebSocketClass = new (url: string) => Pick<WebSocket, 'send' | 'close'>;

/**
 * Text messages over a WebSocket, one frame each. Undefined if there is no WebSocket class.
 *
 * @param Class default: the global one, if there is any.
 */
export function websocket(Class: WebSocketClass | undefined = globalThis.WebSocket): Transport | undefined {
  if (!Class) return undefined;
  return defineTransport('websocket', ({ url, open }, reporter, signal) => {
    const socket = new Class(endpoint(url).href.replace('http', 'ws')) as WebSocket;
    socket.onopen = () => {
      socket.send(JSON.stringify(open)); // as one message: topics that resume come before kept events
      reporter.onOpen();
    };
    socket.onmessage = ({ data }: MessageEvent<string>) => {
      reporter.onByte();
      reporter.onMessage(data);
    };
    const lose = (message: string): void => reporter.onClose({ code: 'lost', message });
    // A close that says more follows in the same turn; in Node 22, none follows a refused upgrade.
    socket.onerror = (event) => setTimeout(lose, 0, `error ${(event as ErrorEvent).message ?? ''}`);
    socket.onclose = ({ code, reason }) => lose(`closed (${code}) ${reason}`);
    signal.onabort = () => socket.close();
    return (text) => socket.send(text);
  });
}

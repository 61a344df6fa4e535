/** Wraps the runtime's own fetch and WebSocket so that the links of a transport can be cut. Call it before the first connection. */
export function createNetwork(WebSocketClass = globalThis.WebSocket) {
  const sockets = new Set();
  const requests = new Map();
  const { fetch } = globalThis;
  globalThis.fetch = (input, init = {}) => {
    const isStream = new Headers(init.headers).get('accept')?.includes('event-stream');
    const transport = isStream ? 'sse' : 'polling';
    const controller = new AbortController();
    const list = requests.get(transport) ?? new Set();
    requests.set(transport, list.add(controller));
    const signals = [controller.signal, init.signal].filter(Boolean);
    return fetch(input, { ...init, signal: AbortSignal.any(signals) });
  };
  class Socket extends WebSocketClass {
    constructor(...args) {
      super(...args);
      sockets.add(this);
    }
  }
  return {
    WebSocket: Socket,
    cut(transport) {
      if (transport === 'websocket') {
        for (const socket of sockets) socket.terminate ? socket.terminate() : socket.close();
        sockets.clear();
      } else {
        for (const controller of requests.get(transport) ?? []) controller.abort(new Error('cut'));
        requests.get(transport)?.clear();
      }
    },
  };
}

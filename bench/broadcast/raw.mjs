/** The limit: servers made by hand on `net`, which write one Buffer that was built before to each socket. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { deltaText, makeTable } from './payload.mjs';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** An unmasked text frame (RFC 6455 §5.2). */
export function frame(text) {
  const body = Buffer.from(text);
  const { length } = body;
  const head =
    length < 126
      ? [0x81, length]
      : length < 65_536
        ? [0x81, 126, length >> 8, length & 255]
        : [0x81, 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 255, (length >> 8) & 255, length & 255];
  return Buffer.concat([Buffer.from(head), body]);
}

/** One chunk (RFC 9112 §7.1) with one event. */
export function chunk(text) {
  const event = `data: ${text}\n\n`;
  return Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`);
}

const upgrade = (head) => {
  const key = /sec-websocket-key: (\S+)/i.exec(head)[1];
  const accept = createHash('sha1')
    .update(key + GUID)
    .digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
};
const stream = () =>
  'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n';

const raw = (answer, encode) => (spec) => {
  const sockets = new Set();
  const body = spec.document && makeTable(spec.document);
  const snapshot = body && encode(JSON.stringify({ id: 'life', version: 1, body }));
  const server = createServer({ noDelay: true }, (socket) => {
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.once('data', (head) => {
      socket.write(answer(head.toString('latin1')));
      if (snapshot) socket.write(snapshot);
      sockets.add(socket);
      socket.on('data', () => undefined);
    });
  });
  return {
    server,
    publish(i) {
      const bytes = encode(deltaText(i, spec.changes));
      for (const socket of sockets) socket.write(bytes);
    },
  };
};

export const rawWebSocket = raw(upgrade, frame);
export const rawSse = raw(stream, chunk);

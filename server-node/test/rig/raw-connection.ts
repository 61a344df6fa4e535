import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** A connection on which a test writes any bytes, and which ends only when the test ends it. */
export class RawConnection {
  readonly socket: Socket;
  /** All that has arrived. */
  text = '';

  /** @param origin as `listen` gives it; https is taken without a look at the certificate */
  constructor(origin: string) {
    const { protocol, hostname, port } = new URL(origin);
    const to = { host: hostname, port: Number(port), allowHalfOpen: true };
    this.socket = protocol === 'https:' ? connectTls({ ...to, rejectUnauthorized: false }) : connect(to);
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: string) => (this.text += text));
    this.socket.on('error', () => undefined); // 'close' follows
  }

  /** Writes the lines of a request's head, the empty line that ends it, and the body. */
  request(lines: readonly string[], body = ''): void {
    this.socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  }

  /** Resolves with the received text as soon as it contains `wanted`; rejects when the other end has finished
   * sending. */
  until(wanted: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        if (wanted.test(this.text)) done(() => resolve(this.text));
      };
      const end = (): void => done(() => reject(new Error(`the other end said no more than: ${this.text}`)));
      const done = (settle: () => void): void => {
        this.socket.off('data', look).off('end', end);
        settle();
      };
      this.socket.on('data', look).on('end', end);
      look();
    });
  }

  /** Resolves when the connection is gone. */
  async whenClosed(): Promise<void> {
    if (!this.socket.closed) await new Promise((resolve) => this.socket.once('close', resolve));
  }
}

/** The head of a WebSocket handshake of this protocol. */
export const HANDSHAKE: readonly string[] = [
  'GET /sync?velox=3 HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

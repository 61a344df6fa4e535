/** Plays the server of a recorded conversation on raw sockets: byte for byte, chunk for chunk. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { bytesOf, type Line } from '../wire/transcript.js';

/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** One connection of a client, which waits for the bytes of an answer. */
export class PlayedConnection {
  /** The head of the request. */
  readonly request: string;
  readonly #socket: Socket;
  /** Writes what compressed bytes expand to, in place of them. */
  isPlain = false;
  #isChunked = false;

  constructor(socket: Socket, request: string) {
    this.#socket = socket;
    this.request = request;
  }

  /** Writes the server output recorded in one line. */
  play(line: Line): void {
    if (line.kind === 'head') this.#head(line.raw);
    else if (line.kind === 'frame') this.#write(frameOf(line));
    else if (line.kind === 'body') {
      this.body(this.isPlain ? Buffer.from(line.text ?? line.raw) : bytesOf(line));
    }
  }

  /** Writes a piece of a body. */
  body(bytes: Buffer): void {
    if (bytes.length === 0) return; // in chunked coding it would be the end
    const size = Buffer.from(`${bytes.length.toString(16)}\r\n`);
    this.#write(this.#isChunked ? Buffer.concat([size, bytes, Buffer.from('\r\n')]) : bytes);
  }

  #head(recorded: string): void {
    this.#isChunked = /^transfer-encoding: chunked/im.test(recorded);
    const key = /^sec-websocket-key: (\S+)/im.exec(this.request)?.[1];
    const accept = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
    this.#write(Buffer.from(recorded.replace(/^(Sec-WebSocket-Accept): .*$/m, `$1: ${accept}`)));
  }

  #write(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** Ends the connection after all that was written. */
  end(): void {
    this.#socket.end();
  }
}

/** A frame from a server (RFC 6455 §5.2), with the bits that were recorded. */
function frameOf(line: Line): Buffer {
  const payload = bytesOf(line);
  const first = (line.fin ? 0x80 : 0) | (line.rsv1 ? 0x40 : 0) | (line.opcode ?? 1);
  if (payload.length < 126) return Buffer.concat([Buffer.from([first, payload.length]), payload]);
  const head = Buffer.from([first, 126, payload.length >> 8, payload.length & 0xff]);
  return Buffer.concat([head, payload]);
}

/** Listens, and hands out the connections in their order. */
export class Player implements AsyncDisposable {
  readonly #server: Server = createServer((socket) => this.#onSocket(socket));
  readonly #sockets = new Set<Socket>();
  readonly #waiting: PlayedConnection[] = [];
  #wake: () => void = () => undefined;

  static async listen(): Promise<Player> {
    const player = new Player();
    player.#server.listen(0, '127.0.0.1');
    await once(player.#server, 'listening');
    return player;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/sync`;
  }

  /** The next connection, when its request is here. */
  async accept(): Promise<PlayedConnection> {
    for (;;) {
      const next = this.#waiting.shift();
      if (next) return next;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #onSocket(socket: Socket): void {
    this.#sockets.add(socket);
    socket.setNoDelay().on('error', () => undefined);
    socket.once('close', () => this.#sockets.delete(socket));
    let request = '';
    socket.on('data', (data: Buffer) => {
      if (request.includes('\r\n\r\n')) return;
      request += data.toString('latin1');
      if (!request.includes('\r\n\r\n')) return;
      this.#waiting.push(new PlayedConnection(socket, request));
      this.#wake();
    });
  }
}

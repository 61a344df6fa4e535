import { once } from 'node:events';
import { connect } from 'node:net';

const CONNECTIONS = 32;
/** Requests that each connection has under way. */
const DEPTH = 8;
const REQUEST = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
const STATUS = Buffer.from('HTTP/1.1 200');

/** Connections that send requests without waiting, so that the client costs little. */
export class Requests {
  #sockets;
  #answers = 0;
  #isSending = false;

  static async open(port) {
    const requests = new Requests();
    requests.#sockets = Array.from({ length: CONNECTIONS }, () => connect(port, '127.0.0.1'));
    for (const socket of requests.#sockets) {
      await once(socket, 'connect');
      socket.on('data', (chunk) => requests.#receive(socket, chunk));
    }
    return requests;
  }

  /** Sends for a turn of so many ms. Returns the answers a second. */
  async send(turn) {
    this.#answers = 0;
    this.#isSending = true;
    const start = performance.now();
    for (const socket of this.#sockets) socket.write(REQUEST.repeat(DEPTH));
    await new Promise((resolve) => setTimeout(resolve, turn));
    const rate = (1_000 * this.#answers) / (performance.now() - start);
    this.#isSending = false;
    await new Promise((resolve) => setTimeout(resolve, 200)); // the last answers
    return rate;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
  }

  #receive(socket, chunk) {
    let answers = 0;
    for (let at = chunk.indexOf(STATUS); at !== -1; at = chunk.indexOf(STATUS, at + 1)) answers++;
    this.#answers += answers;
    if (this.#isSending && answers > 0) socket.write(REQUEST.repeat(answers));
  }
}

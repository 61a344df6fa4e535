/** A server with one of everything, a fault proxy before it, and clients that only see what comes: for the proxy's own tests. */
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setImmediate } from 'node:timers/promises';
import { WebSocket, WebSocketServer } from 'ws';
import { createFaultProxy, type FaultProxy } from './fault-proxy.js';
import { listen, type Listening } from './listen.js';

/** The server's end of an event stream. */
export interface ServedStream {
  readonly response: ServerResponse;
  closed: boolean;
}

/** The messages that the server behind the proxy received, in order. */
export interface Seen {
  readonly urls: (string | undefined)[];
  readonly posts: string[];
  readonly streams: ServedStream[];
  readonly sockets: WebSocket[];
  readonly messages: string[];
}

/** Both ends of an event stream. */
export interface StreamPair {
  /** Whether the head has come to the client. */
  head: boolean;
  /** The messages that the client received. */
  text: string;
  /** How it ended for the client, if it did. */
  end: 'complete' | 'cut' | undefined;
  readonly server: ServedStream;
  /** Writes at the server's end. */
  write(text: string): void;
  /** Goes away at the client's end. */
  close(): void;
}

/** Both ends of a WebSocket. */
export interface SocketPair {
  readonly client: WebSocket;
  readonly server: WebSocket;
  /** The frames that reached the client. */
  readonly received: string[];
  /** Sends from the client and waits for the answer. */
  echo(text: string): Promise<void>;
}

/** Waits as long as it takes; the test's own limit is the only one. */
export async function until(holds: () => unknown): Promise<void> {
  while (!holds()) await setImmediate();
}

/** Starts a {@link FaultRig}. */
export async function createFaultRig(): Promise<FaultRig> {
  const seen: Seen = { urls: [], posts: [], streams: [], sockets: [], messages: [] };
  const target = await listen((incoming, response) => void serve(incoming, response, seen));
  new WebSocketServer({ server: target.server }).on('connection', (socket) => {
    seen.sockets.push(socket);
    socket.on('error', () => {});
    socket.on('message', (data: Buffer) => {
      seen.messages.push(data.toString());
      socket.send(`echo ${data.toString()}`);
    });
  });
  return new FaultRig(target, await createFaultProxy({ port: Number(new URL(target.origin).port) }), seen);
}

async function serve(incoming: IncomingMessage, response: ServerResponse, seen: Seen): Promise<void> {
  seen.urls.push(incoming.url);
  if (incoming.method === 'POST') {
    const body = await textOf(incoming);
    seen.posts.push(body);
    response.end(`got ${body}`);
  } else if (incoming.url === '/events') {
    const stream = { response, closed: false };
    response.once('close', () => (stream.closed = true));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    seen.streams.push(stream);
  } else {
    response.end(`hello from ${incoming.url}`);
  }
}

async function textOf(message: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of message.setEncoding('utf8')) text += chunk as string;
  return text;
}

/** The server, the proxy, and ways to come through it. */
export class FaultRig {
  target: Listening;
  readonly proxy: FaultProxy;
  readonly seen: Seen;

  constructor(target: Listening, proxy: FaultProxy, seen: Seen) {
    this.target = target;
    this.proxy = proxy;
    this.seen = seen;
  }

  /** One request on a connection of its own; status and text of the answer. */
  async send(
    method: string,
    path: string,
    body: string,
    origin: string = this.proxy.origin,
  ): Promise<string> {
    const outgoing = request(origin + path, { method, agent: false });
    outgoing.end(body);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    return `${response.statusCode} ${await textOf(response)}`;
  }

  get(path: string = '/', origin?: string): Promise<string> {
    return this.send('GET', path, '', origin);
  }

  /** Longer than a byte takes through the proxy: whole exchanges past it. */
  async passTime(): Promise<void> {
    for (let i = 0; i < 5; i++) await this.get('/', this.target.origin);
  }

  /** Resolves when the server has the stream, which may be before the client has. */
  async openStream(): Promise<StreamPair> {
    const index = this.seen.streams.length;
    const outgoing = request(`${this.proxy.origin}/events`, { agent: false });
    outgoing.end();
    const client = { head: false, text: '', end: undefined as StreamPair['end'] };
    const pair = Object.assign(client, { close: () => void outgoing.destroy() });
    outgoing.on('error', () => (pair.end = 'cut'));
    outgoing.on('response', (response) => {
      pair.head = true;
      response.setEncoding('utf8').on('data', (chunk: string) => (pair.text += chunk));
      response.on('end', () => (pair.end = 'complete'));
      response.on('error', () => (pair.end = 'cut'));
    });
    await until(() => this.seen.streams[index]);
    const server = this.seen.streams[index]!;
    return Object.assign(pair, { server, write: (text: string) => void server.response.write(text) });
  }

  async openSocket(): Promise<SocketPair> {
    const client = new WebSocket(this.proxy.origin.replace('http', 'ws'));
    const received: string[] = [];
    client.on('error', () => {});
    client.on('message', (data: Buffer) => received.push(data.toString()));
    await once(client, 'open');
    const echo = async (text: string): Promise<void> => {
      client.send(text);
      await until(() => received.includes(`echo ${text}`));
    };
    return { client, server: this.seen.sockets.at(-1)!, received, echo };
  }

  /** Opens a WebSocket that is to be refused; the status. */
  async refusedWith(): Promise<number | undefined> {
    const client = new WebSocket(this.proxy.origin.replace('http', 'ws'));
    const [outgoing, response] = (await once(client, 'unexpected-response')) as [
      ClientRequest,
      IncomingMessage,
    ];
    client.on('error', () => {});
    outgoing.destroy();
    return response.statusCode;
  }

  /** A connection without a protocol. */
  async openRaw(): Promise<Socket> {
    const raw = connect(this.proxy.port, '127.0.0.1');
    await once(raw, 'connect');
    return raw;
  }

  async close(): Promise<void> {
    await this.proxy.close();
    await this.target.close();
  }
}

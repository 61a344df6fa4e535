/** Links of version 2 clients to a server, which give every message to a strict model. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import { WebSocket } from 'ws';
import { GoEventStream, type GoClient, type JsClient } from './version2-clients.js';

/** One link, whose client is a model. */
export interface Version2TestLink {
  readonly client: GoClient | JsClient;
  /** Resolves when the client has this version; rejects if the model rejects a frame, or when the link ends. */
  readonly until: (version: number) => Promise<void>;
  /** Resolves when the link has ended, with why. */
  readonly ended: Promise<string>;
  /** Sends a text over a WebSocket; resolves when the server has taken it. */
  readonly send: (text: string) => Promise<void>;
  /** Sends a text over a WebSocket. */
  readonly post: (text: string) => void;
  readonly close: () => void;
}

/** Collects the frames of a link, and lets tests wait for them. */
function watch(client: GoClient | JsClient) {
  let failure: Error | undefined;
  const wake: (() => void)[] = [];
  let end: (reason: string) => void = () => undefined;
  const ended = new Promise<string>((resolve) => (end = resolve));
  const notify = (): void => wake.splice(0).forEach((each) => each());
  client.connect();
  return {
    ended,
    take: (act: () => void): void => {
      try {
        act();
      } catch (error) {
        failure ??= error as Error;
      }
      notify();
    },
    end: (reason: string): void => {
      failure ??= new Error(`the link ended: ${reason}`);
      end(reason);
      notify();
    },
    until: async (version: number): Promise<void> => {
      while (client.version < version || client.value === undefined) {
        if (failure) throw failure;
        await new Promise<void>((resolve) => wake.push(resolve));
      }
      if (failure) throw failure;
    },
  };
}

/** Opens an event stream as both originals do. Its head and every line have to be as the Go client wants them. */
export function version2Stream(
  url: string,
  client: GoClient | JsClient,
  headers: Record<string, string> = {},
): Version2TestLink {
  const { take, end, until, ended } = watch(client);
  const stream = new GoEventStream((data, id) =>
    take(() => {
      client.receive(data);
      const { ping, version } = JSON.parse(data) as { ping?: true; version?: number };
      if (id !== `${ping ? 0 : version}`) throw new Error(`the event id of ${data} is ${id}`);
    }),
  );
  const outgoing = request(url, { headers: { accept: 'text/event-stream', ...headers }, agent: false });
  outgoing.on('error', (error) => end(error.message));
  outgoing.on('response', (response: IncomingMessage) => {
    const { statusCode, headers: head } = response;
    if (statusCode !== 200) {
      response.resume();
      return end(`refused ${statusCode}`);
    }
    take(() => {
      if (head['content-type'] !== 'text/event-stream') throw new Error(`type ${head['content-type']}`);
      if (head['transfer-encoding'] === 'identity') throw new Error('identity is no coding');
      const coding = headers['accept-encoding'];
      if (head['content-encoding'] !== coding) throw new Error(`coding ${head['content-encoding']}`);
    });
    const body = head['content-encoding'] === 'gzip' ? response.pipe(createGunzip()) : response;
    body.setEncoding('utf8');
    body.on('data', (text: string) => take(() => stream.write(text)));
    body.on('error', () => end('closed'));
    response.on('error', () => end('closed'));
    response.on('close', () => end('ended'));
  });
  outgoing.end();
  const post = (): never => {
    throw new Error('an event stream goes one way');
  };
  const close = (): void => void outgoing.destroy();
  return { client, until, ended, post, send: () => Promise.reject(new Error('one way')), close };
}

/** Opens a WebSocket as velox.js does: without a query of its own, and with the text `ping` at once. */
export function version2WebSocket(
  url: string,
  client: JsClient,
  deflate = false,
  origin?: string,
): Version2TestLink {
  const { take, end, until, ended } = watch(client);
  const socket = new WebSocket(url.replace('http', 'ws'), {
    perMessageDeflate: deflate,
    ...(origin && { origin }),
  });
  socket.on('open', () => {
    if (socket.protocol) end(`subprotocol ${socket.protocol}`);
    socket.send('ping');
  });
  socket.on('message', (data: Buffer, isBinary) =>
    take(() => {
      if (isBinary) throw new Error('a binary message');
      client.receive(data.toString());
    }),
  );
  socket.on('unexpected-response', (_, response) => end(`refused ${response.statusCode}`));
  socket.on('error', (error) => end(error.message));
  socket.on('close', (code, reason) => end(`closed ${code} ${reason.toString()}`.trim()));
  const send = async (text: string): Promise<void> => {
    const answered = once(socket, 'pong');
    socket.send(text);
    socket.ping(); // answered after the messages sent before
    await answered;
  };
  const post = (text: string): void => socket.send(text);
  return { client, until, ended, send, post, close: () => socket.terminate() };
}

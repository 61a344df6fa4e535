import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttp2Server, type Http2Server } from 'node:http2';
import type { Duplex } from 'node:stream';
import { promisify } from 'node:util';
import { deflateRawSync, inflateRaw } from 'node:zlib';
import { createHub, type Entity, type Hub, type LogEntry, type State } from '../../src/index.js';
import { entitySync } from '../../src/entity-sync.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { frame } from '../rig/raw-frames.js';
import { duplexPair } from '../rig/duplex-pair.js';
import { readServerFrames } from '../rig/server-frames.js';
import { Answer } from './answer.js';
import { Cluster } from './cluster.js';
import { SharedWait } from './shared-wait.js';

const HANDSHAKE = [
  'GET /?velox=3 HTTP/1.1',
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

const VIEWED = { n: 0, of: { reader: 'r', writer: 'w' } };

interface Client {
  readonly role: 'reader' | 'writer';
}

const inflate = promisify<Buffer, Buffer>(inflateRaw);
const DEFLATED = deflateRawSync('');
/** A connection sends at most so many messages that ws inflates, one after another, in other threads. */
const INFLATED_MESSAGES = 8;

/** After each attack so much time passes, in ms. */
const REST_MS = 20;

/** Some tokens are refused. */
function roleOf(token: string | undefined): Client {
  if (token === 'refused') throw new Error('refused');
  return { role: token === 't' ? 'writer' : 'reader' };
}

/** A hub with everything that a client can reach, on servers in memory and on virtual time, and a neighbour of the attackers. */
export class Target {
  readonly hub: Hub;
  /** The cluster of which the hub is a node, if that is attacked. */
  readonly cluster = new Cluster();
  /** What escaped, and failures that were reported to the logger. */
  readonly problems: string[] = [];
  readonly #time = new VirtualTime();
  readonly #wait = new SharedWait(this.#time);
  #connections: Duplex[] = [];
  #answers: Answer[] = [];
  readonly #state: State<{ n: number; pad: string }>;
  /** A state with a view for each role. */
  readonly #viewed: Pick<State<typeof VIEWED>, 'update'>;
  readonly #server: Server;
  readonly #http2: Http2Server;
  readonly #restore: () => void;
  readonly #reportError = globalThis.reportError;
  readonly #onError = (error: unknown): void => void this.problems.push(`escaped: ${textOf(error)}`);
  /** A warning that a peer causes fills the log. */
  readonly #onWarning = ({ name, message }: Error): void => {
    if (name === 'MaxListenersExceededWarning') this.problems.push(`warned: ${message}`);
  };
  readonly #rows: Pick<Entity<unknown>, 'notify'>;
  #neighbour: Duplex | undefined;
  #received = Buffer.alloc(0);
  #count = 0;

  /** @param isNode whether the hub is a node of a cluster */
  constructor(isNode = false) {
    this.#restore = this.#time.install();
    globalThis.reportError = this.#onError;
    process.on('uncaughtException', this.#onError).on('unhandledRejection', this.#onError);
    process.on('warning', this.#onWarning);
    const hub = createHub({
      version2: true,
      ...(isNode && { backplane: this.cluster.backplane }),
      patience: 1_000,
      limits: { opensPerAddress: Infinity, frame: 1 << 16, sessions: 500 },
      authorize: ({ token }) => roleOf(token),
      canJoin: () => true,
      onConnect(session) {
        const channel = session.channel('x');
        channel.onMessage((data) => channel.send(data));
        channel.on('e', () => undefined);
      },
      canSubscribe: (_, topic) => topic !== 'secret',
      logger: (entry) => this.#log(entry),
    });
    this.hub = hub;
    this.hub.on('e', () => undefined);
    this.hub.on('echo', (session, data) => session.emit('echo', data));
    this.hub.answer('ask', (_, data) => data);
    this.#rows = this.hub.entity('items', { fetch: (id: string) => Promise.resolve({ id, n: this.#count }) });
    this.hub.presence({ of: () => ({ id: 'x' }) });
    this.#state = this.hub.state('a', { n: 0, pad: 'x'.repeat(200) });
    this.#viewed = hub.state('view', VIEWED, {
      audience: ({ role }) => role,
      view: ({ n, of }, role) => ({ n, own: of[role] }),
    });
    this.hub.state('', { n: 0 });
    const events = this.hub.sse();
    const listener = (request: IncomingMessage, response: ServerResponse): void =>
      void (request.url?.startsWith('/events') ? events : this.hub).handle(request, response);
    this.#server = createServer(listener);
    this.hub.attach(this.#server, '/'); // else the first upgrade would come too early
    entitySync(this.hub, { initial: true, passThrough: () => undefined }).attach(this.#server, '/rows');
    this.#http2 = createHttp2Server(listener as never);
    this.#http2.on('sessionError', () => undefined);
  }

  /** A new connection of an attacker; returns the client's end. */
  connect(kind: 'http' | 'http2' = 'http'): Duplex {
    const near = this.#connect(kind === 'http' ? this.#server : this.#http2);
    this.#connections.push(near);
    this.#answers.push(new Answer(near, kind === 'http2'));
    return near;
  }

  /** In an attack: lets everything happen, and `ms` of virtual time pass. */
  async settle(ms: number): Promise<void> {
    await this.#wait.wait(ms);
  }

  /** Attacks beside one another, judges the answers and the neighbour, and hangs up. Returns the fault. */
  async attack(attacks: readonly (() => void | Promise<void>)[]): Promise<string | undefined> {
    // Connections in memory hand bytes to the server within the attacker's `write`, so that its errors may end there.
    await this.#wait.run(
      attacks.map((attack) => async () => {
        try {
          await attack();
        } catch (error) {
          this.#onError(error);
        }
      }),
    );
    // The threads inflate in order, so that this ends behind the messages.
    for (let message = 0; message < INFLATED_MESSAGES; message++) await inflate(DEFLATED);
    await this.#wait.pass(REST_MS * attacks.length);
    const neighbour = await this.#checkNeighbour();
    const answer = this.#answers.map((each) => each.fault).find((each) => each !== undefined);
    for (const near of this.#connections) near.destroy();
    await this.#wait.pass(0);
    this.#connections = [];
    this.#answers = [];
    return this.problems[0] ?? answer ?? neighbour;
  }

  /** Has a row fetched again, for the clients that watch it. */
  changeRow(id: string): void {
    this.#rows.notify(id);
  }

  /** Changes the state and emits an event; returns how the neighbour fails to get both, in order, within a ms. */
  async #checkNeighbour(): Promise<string | undefined> {
    const n = ++this.#count;
    this.#received = Buffer.alloc(0);
    this.#viewed.update((draft) => void (draft.n = n));
    this.#state.update((draft) => void (draft.n = n));
    this.hub.emit('tick', n);
    await this.#time.advance(1);
    const { texts, close } = readServerFrames(this.#received);
    const got = texts.filter((text) => text.includes('"delta"') || text.includes('"tick"'));
    const isRight = got.length === 2 && got[0]!.includes(`"value":${n}`) && got[1]!.includes(`"data":${n}`);
    this.#neighbour?.write(frame.text(`{"ack":${n}}`));
    if (isRight && close === undefined) return undefined;
    return `the neighbour got ${JSON.stringify(texts)}${close === undefined ? '' : `, closed ${close}`} for ${n}`;
  }

  /** Ends the target, and gives real time back. */
  async close(): Promise<void> {
    const closed = this.hub.close();
    await this.#time.advance(10_000);
    await closed;
    this.#neighbour?.destroy();
    this.#server.close();
    this.#http2.close();
    process.off('warning', this.#onWarning);
    process.off('uncaughtException', this.#onError).off('unhandledRejection', this.#onError);
    globalThis.reportError = this.#reportError;
    this.#restore();
  }

  /** Opens the neighbour's link. */
  async open(): Promise<void> {
    const neighbour = this.#connect(this.#server);
    this.#neighbour = neighbour;
    neighbour.on('data', (chunk: Buffer) => (this.#received = Buffer.concat([this.#received, chunk])));
    neighbour.write(`${HANDSHAKE.join('\r\n')}\r\n\r\n`);
    await this.#wait.pass(1);
    neighbour.write(frame.text('{"open":{}}'));
    neighbour.write(frame.text('{"subscribe":[{"topic":"a"}]}'));
    await this.#wait.pass(1);
  }

  #connect(server: Server | Http2Server): Duplex {
    const { near, far } = duplexPair();
    server.emit('connection', far);
    return near;
  }

  #log({ event, error, ...fields }: LogEntry): void {
    if (event === 'callback failed')
      this.problems.push(`reported: ${textOf(error)} ${JSON.stringify(fields)}`);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? `${error.stack}` : String(error);
}

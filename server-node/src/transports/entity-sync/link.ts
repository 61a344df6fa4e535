import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, isVeloxError, VeloxError, type ClientFrame } from '@velox/core/protocol';
import { PRICES, priceOf } from '../../access/rate-limit.js';
import type { Guest } from '../../hub/entrance.js';
import type { Hub } from '../../hub/hub.js';
import type { Session } from '../../sessions/session.js';
import { closeCodeOf, INTERNAL } from '../../wire/codes.js';
import type { Deflation } from '../../wire/deflate-offer.js';
import { headerOf } from '../request-head.js';
import { takeReader } from '../socket/internals.js';
import { PlainWebSocketOutlet, type ServerWebSocket } from '../version2/websocket-outlet.js';
import { FrameGate } from '../websocket/frame-gate.js';
import { headOf } from '../websocket/frame-head.js';
import { readMessage } from '../websocket/read-message.js';
import { RowOutlet } from './outlet.js';
import { requestOf, type RowRequest } from './requests.js';

/** A row as it is sent to an entity-sync client. */
export interface SentRow {
  readonly entity: string;
  readonly id: string;
  /** null: there is no such row. */
  readonly row: unknown;
  /** The text that the client set last by `secret`; `''` before. */
  readonly secret: string;
}

/** The parts of entity-sync that its application decides. */
export interface EntitySyncRules {
  readonly initial: boolean;
  /** Returns the text for a row, as JSON; undefined: nothing is sent. Without it, the row itself. */
  readonly message: ((row: SentRow) => unknown) | undefined;
  readonly passThrough: ((secret: string, text: string, context: unknown) => unknown) | undefined;
}

/** The part of a WebSocket of `ws` that a link needs. */
interface PingedWebSocket extends ServerWebSocket {
  ping(): void;
  on(event: 'message' | 'error' | 'pong', listener: () => void): unknown;
  on(event: 'close', listener: (code: number, reason: Buffer) => void): unknown;
}

/** One WebSocket of an entity-sync client: a session whose topics are rows. */
export class EntitySyncLink {
  /** Resolves with the reason when it is closed. */
  readonly ended: Promise<string>;
  readonly #hub: Hub;
  readonly #webSocket: PingedWebSocket;
  readonly #rules: EntitySyncRules;
  readonly #credentials: {
    readonly request: IncomingMessage;
    readonly header: (name: string) => string | undefined;
  };
  readonly #outlet: RowOutlet;
  readonly #gate: FrameGate;
  #session: Session | undefined;
  #secret = '';
  /** When the oldest ping without a pong was sent, in ms of `performance.now`. */
  #askedAt: number | undefined;

  constructor(
    hub: Hub,
    webSocket: PingedWebSocket,
    socket: Duplex,
    request: IncomingMessage,
    deflation: Deflation,
    { admission, rules }: { readonly admission: Guest; readonly rules: EntitySyncRules },
  ) {
    this.#hub = hub;
    this.#webSocket = webSocket;
    this.#rules = rules;
    this.#credentials = { request, header: (name) => headerOf(request, name) };
    const form = deflation === 'none' ? 'webSocket' : 'deflated';
    const plain = new PlainWebSocketOutlet(webSocket, socket, form, () =>
      this.#session?.drained(this.#outlet),
    );
    const later = (act: (session: Session) => void): void =>
      queueMicrotask(() => this.#session && !this.#session.hasEnded && act(this.#session));
    this.#outlet = new RowOutlet(plain, {
      textOf: (topic) => this.#textOf(topic),
      onPing: () => this.#ask(),
      onEvent: (number) => later((session) => session.receiveAck(number)),
      onCall: (reply) => {
        const error = { code: 'no-handler', message: 'an entity-sync client cannot answer calls.' };
        later((session) => hub.messaging.reply(session, { reply, error }));
      },
    });
    this.#gate = new FrameGate(socket, {
      isDeflated: deflation !== 'none',
      onMessage: (raw) => {
        this.#receive(raw);
        this.#nextWhenReadable();
      },
      onFragment: () => this.#session?.rate.charge(PRICES.fragment),
      onControl: (raw) => {
        const rate = this.#isOpen ? this.#session?.rate : undefined;
        if (rate && rate.debt > 0) {
          rate.charge(1); // it came while nothing was read
          this.#gate.hold();
          this.#nextWhenReadable();
        } else if (rate?.take() === false) return;
        reader?.call(socket, raw);
      },
      onError: (error) => {
        webSocket.close(typeof error === 'number' ? error : CloseCode.timeout);
        socket.end();
        // The peer may keep its half open, and nothing of it is read any more.
        if (this.#session) hub.leave(this.#session, this.#outlet, `closed (${error})`);
      },
      pause: () => webSocket.pause(),
      resume: () => webSocket.resume(),
    });
    const reader = takeReader(socket);
    webSocket.on('error', () => this.#gate.stop()); // 'close' follows
    webSocket.on('pong', () => {
      this.#askedAt = undefined;
      this.#session?.heard();
    });
    this.ended = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => {
        const outcome = reason.toString() || `closed (${code})`;
        if (this.#session) hub.leave(this.#session, this.#outlet, outcome);
        resolve(outcome);
      });
    });
    try {
      this.#session = hub.open(this.#outlet, admission, undefined, {
        frames: [],
        credentials: this.#credentials,
      });
      this.#gate.authorize(hub.limits.frame);
    } catch (error) {
      if (!isVeloxError(error)) hub.observer.failure(error);
      webSocket.close(closeCodeOf(error), isVeloxError(error) ? error.code : INTERNAL.code);
    }
  }

  /** Its session exists from the beginning, and the hub says goodbye to it. */
  dismiss(): void {
    // nothing is left to do
  }

  /** Receives the next message when no callback of the session runs and its debt is paid. */
  #nextWhenReadable(): void {
    const wait = this.#session && this.#hub.messaging.lifeCycle.whenReadable(this.#session);
    if (wait) void wait.then(() => this.#gate.next());
    else this.#gate.next();
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }

  #receive(raw: Buffer): void {
    const session = this.#session;
    if (!session || session.hasEnded || !this.#isOpen) return;
    try {
      const text = readMessage(raw, this.#hub.limits.frame);
      this.#execute(session, requestOf(text, this.#hub.limits.topic), text);
      session.rate.charge(priceOf(Buffer.byteLength(text), headOf(raw)?.isDeflated === true));
    } catch (error) {
      this.#hub.fail(session, error);
    }
  }

  #execute(session: Session, request: RowRequest, text: string): void {
    if (request.is === 'subscribe' || request.is === 'unsubscribe') {
      const topic = `${request.entity}/${request.id}`;
      if (request.is === 'subscribe') {
        if (session.topics.has(topic)) return this.#count(session); // as in the original, it is wanted once
        this.#outlet.expect(topic, !this.#rules.initial);
        return this.#do(session, { subscribe: [{ topic }] });
      }
      this.#do(session, { unsubscribe: [topic] });
      return this.#outlet.forget(topic);
    }
    this.#count(session);
    if (request.is === 'unknown') return this.#ignore(session, request.why);
    if (request.is === 'secret') this.#secret = request.secret;
    else this.#pass(session, text);
  }

  #ignore({ identity }: Session, why: string): void {
    const advice = `an entity-sync client sent a message that ${why}. It was ignored.`;
    this.#hub.observer.often('ignored message', why, advice, { identity });
  }

  #do(session: Session, frame: ClientFrame): void {
    this.#hub.receive(session, frame, this.#credentials);
  }

  /** Counts a message that is no frame. @throws VeloxError `too-many`. */
  #count(session: Session): void {
    session.heard();
    if (!session.rate.take()) {
      throw new VeloxError('too-many', 'the client sent more messages than limits.rate allows. Send fewer.');
    }
  }

  #pass(session: Session, text: string): void {
    const secret = this.#secret;
    const { context } = session;
    void Promise.resolve()
      .then(() => this.#rules.passThrough?.(secret, text, context))
      .catch((error: unknown) => this.#hub.observer.failure(error));
  }

  #textOf(topic: string): string | undefined {
    const text = this.#session?.topics.get(topic)?.versioned?.text();
    const { message } = this.#rules;
    if (text === undefined || !message) return text;
    const slash = topic.indexOf('/');
    const [entity, id] = [topic.slice(0, slash), topic.slice(slash + 1)];
    try {
      return JSON.stringify(message({ entity, id, row: JSON.parse(text), secret: this.#secret }));
    } catch (error) {
      this.#hub.observer.failure(error, { topic });
      return undefined;
    }
  }

  /**
   * Asks for a sign of life, once a heartbeat and when another client wants the name. A client that has not answered since the last
   * heartbeat is gone.
   */
  #ask(): void {
    if (!this.#isOpen) return;
    const now = performance.now();
    this.#askedAt ??= now;
    // Half a heartbeat: timers are not exact.
    if (now - this.#askedAt <= this.#hub.heartbeat / 2) return this.#webSocket.ping();
    // If the process stood still, the answer waits unread in the socket.
    setImmediate(() => {
      if (this.#askedAt === undefined) return this.#ask();
      if (this.#isOpen) this.#webSocket.close(CloseCode.timeout, 'timeout');
    });
  }
}

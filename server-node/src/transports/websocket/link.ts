import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  decodeClientFrame,
  decodeClientFrames,
  isVeloxError,
  VeloxError,
  type ClientFrame,
  type OpenFrame,
} from '@velox/core/protocol';
import type { WebSocket } from 'ws';
import type { Admission, Credentials } from '../../access/admission.js';
import { closeCodeOf, goingAway, INTERNAL } from '../../wire/codes.js';
import type { Hub } from '../../hub/hub.js';
import { serveTrial } from '../../hub/trial.js';
import { message } from '../../wire/message.js';
import { headerOf } from '../request-head.js';
import { CompressingOutlet } from '../../wire/compressing-outlet.js';
import type { Outlet } from '../../wire/outlet.js';
import { PRICES, priceOf } from '../../access/rate-limit.js';
import type { Session } from '../../sessions/session.js';
import type { Deflation } from '../../wire/deflate-offer.js';
import { releaseInflater, takeReader } from '../socket/internals.js';
import { FrameGate, STRANGER_BYTES, type FrameGateOptions, type GateError } from './frame-gate.js';
import { WebSocketOutlet } from './outlet.js';
import { readMessage } from './read-message.js';

/** One WebSocket: waits for its open frame, authorizes its client, and receives its frames. */
export class WebSocketLink implements FrameGateOptions {
  /** Resolves with the reason when it is closed. */
  readonly ended: Promise<string>;
  readonly isDeflated: boolean;
  readonly #hub: Hub;
  readonly #webSocket: WebSocket;
  readonly #socket: Duplex;
  readonly #gate: FrameGate;
  /** Passes bytes to the receiver of ws, called on its socket; undefined under Bun. */
  readonly #reader: ReturnType<typeof takeReader>;
  readonly #credentials: Omit<Credentials, 'token'>;
  readonly #outlet: Outlet;
  #session: Session | undefined;
  /** Whether the client only tries the transport: no session follows. */
  #isTrial = false;
  /** Messages before `hello`, under Bun. */
  #early: Buffer[] | undefined;
  #handshake: NodeJS.Timeout | undefined;
  /** Whether the message that is being processed was compressed. */
  #isInflated = false;

  /** @param retry set if the client is to be refused: the ms after which it may try again */
  constructor(
    hub: Hub,
    webSocket: WebSocket,
    socket: Duplex,
    request: IncomingMessage,
    deflation: Deflation,
    retry?: number,
  ) {
    this.#hub = hub;
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.isDeflated = deflation !== 'none';
    this.#credentials = hub.admissions.kept(credentialsOf(request));
    this.#outlet = this.#createOutlet(deflation);
    this.#gate = new FrameGate(socket, this);
    this.#reader = takeReader(socket);
    const late = (): void => this.#fail(new VeloxError('timeout', LATE_OPEN));
    this.#handshake = setTimeout(late, hub.limits.handshake);
    webSocket.on('message', (data: Buffer, isBinary) => {
      if (this.isDeflated) releaseInflater(this.#webSocket);
      if (!this.#reader && !this.#session) return this.#hearEarly(data);
      this.#hear(data, isBinary);
      this.#goOn(data.length);
    });
    // ws answers invalid messages with the close code of RFC 6455. After an error its receiver must not be fed again.
    webSocket.on('error', () => this.#gate.stop());
    this.ended = new Promise((resolve) => {
      webSocket.on('close', (code, reason) => {
        this.#settle();
        const outcome = reason.toString() || `closed (${code})`;
        if (this.#session) this.#hub.leave(this.#session, this.#outlet, outcome);
        resolve(outcome);
      });
    });
    if (hub.isClosed) this.dismiss();
    else if (retry !== undefined) this.#fail(new VeloxError('too-many', TOO_MANY_OPENED), retry);
  }

  /** Says goodbye to a client that is not authorized yet; the hub does so for sessions. */
  dismiss(): void {
    if (!this.#session) this.#fail(goingAway());
  }

  /** Receives a whole message. ws never sees the first one: it would inflate it to any size. */
  onMessage(raw: Buffer): void {
    if (this.#session) {
      this.#isInflated = ((raw[0] as number) & RSV1) !== 0;
      return this.#reader?.call(this.#socket, raw);
    }
    this.#begin(() => readMessage(raw, STRANGER_BYTES));
  }

  onFragment(): void {
    this.#session?.rate.charge(PRICES.fragment);
  }

  onControl(raw: Buffer): void {
    const rate = this.#session?.rate;
    if (rate && rate.debt > 0) {
      // It came while nothing was read: it is answered, and the next frame is read when it is paid.
      rate.charge(1);
      this.#gate.hold();
      this.#nextWhenReadable();
    } else if (rate?.take() === false) return this.#fail(new VeloxError('too-many', TOO_MANY_PINGS));
    this.#reader?.call(this.#socket, raw);
  }

  onError(error: GateError): void {
    if (error === 'late') this.#fail(new VeloxError('timeout', LATE_MESSAGE));
    else if (error === 'unread') this.#fail(new VeloxError('too-large', TOO_EARLY));
    else this.#webSocket.close(error);
    this.#socket.end(); // as ws does: nothing more is read, so the peer's close frame would not be noticed
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  /** Receives the messages before `hello` under Bun: its own ws reads the socket, and the gate sees nothing. */
  #hearEarly(data: Buffer): void {
    const isFirst = !this.#early;
    this.#early ??= [];
    this.#early.push(data);
    if (this.#early.reduce((sum, { length }) => sum + length, 0) > STRANGER_BYTES) {
      this.#fail(new VeloxError('too-large', TOO_EARLY));
    } else if (isFirst) this.#begin(() => data.toString());
  }

  #begin(read: () => string): void {
    try {
      if (this.#isTrial) throw new VeloxError('bad-frame', 'a trial has no frame but the open frame.');
      const text = read();
      const { depth } = this.#hub.limits;
      const isList = text.startsWith('[');
      const [first, ...frames] = isList ? decodeClientFrames(text, depth) : [decodeClientFrame(text, depth)];
      if (!first || !('open' in first)) {
        throw new VeloxError('bad-frame', 'the first frame has to be the open frame.');
      }
      this.#admit(first.open, frames)?.catch((error: unknown) => this.#fail(error));
    } catch (error) {
      this.#fail(error);
    }
  }

  #hear(data: Buffer, isBinary: boolean): void {
    if (!this.#session || !this.#isOpen) return; // closing: nothing more is received
    try {
      if (isBinary) throw new VeloxError('bad-frame', 'the peer sent a binary message. Send text.');
      const frame = decodeClientFrame(data.toString(), this.#hub.limits.depth);
      this.#hub.receive(this.#session, frame, this.#credentials, data.length);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Charges for the bytes of a message, and receives the next one when that is paid. */
  #goOn(bytes: number): void {
    this.#session?.rate.charge(priceOf(bytes, this.#isInflated));
    this.#nextWhenReadable();
  }

  /** Receives the next message when no callback of the session runs and its debt is paid. */
  #nextWhenReadable(): void {
    const wait = this.#session && this.#hub.messaging.lifeCycle.whenReadable(this.#session);
    if (wait) void wait.then(() => this.#gate.next());
    else this.#gate.next();
  }

  /** Authorizes the client. Returns a promise only if the application answers later: promises cost much of a join. */
  #admit(open: OpenFrame['open'], frames: ClientFrame[]): Promise<void> | undefined {
    const admission = this.#hub.admissions.admit({ ...this.#credentials, token: open.token });
    if (!(admission instanceof Promise)) return this.#prepare(admission, open, frames);
    return admission.then((answer) => this.#prepare(answer, open, frames));
  }

  #prepare(admission: Admission, open: OpenFrame['open'], frames: ClientFrame[]): Promise<void> | undefined {
    if (open.trial) return void this.#try();
    const prepared = this.#hub.entrance.prepare(admission, open);
    if (prepared) return prepared.then(() => this.#enter(admission, open, frames));
    return void this.#enter(admission, open, frames);
  }

  #enter(admission: Admission, open: OpenFrame['open'], frames: ClientFrame[]): void {
    if (!this.#isOpen) return;
    this.#settle();
    const along = { frames, credentials: this.#credentials };
    this.#session = this.#hub.open(this.#outlet, admission, open, along);
    this.#gate.authorize(this.#hub.limits.frame);
    this.#nextWhenReadable();
    for (const data of this.#early?.slice(1) ?? []) this.#hear(data, false);
    this.#early = undefined;
  }

  /** Answers a trial. Its control frames are still read, up to the bytes of a client without a session, so its close is answered. */
  #try(): void {
    if (!this.#isOpen) return;
    this.#settle();
    this.#isTrial = true;
    serveTrial(this.#hub, this.#outlet, this.ended);
    this.#gate.next();
  }

  #fail(error: unknown, retry?: number): void {
    this.#settle();
    this.#gate.close(); // to hear the peer's close frame
    if (this.#session) {
      // A link that was replaced is closing already, and its session goes on over the newer one.
      if (this.#session.outlet === this.#outlet) this.#hub.fail(this.#session, error);
      return;
    }
    if (!isVeloxError(error)) this.#hub.observer.failure(error);
    const { code, message: reason } = isVeloxError(error) ? error : INTERNAL;
    const when = retry !== undefined ? { retry } : isVeloxError(error) && this.#hub.entrance.retryOf(error);
    this.#outlet.write([message({ bye: { code, reason, ...when } })]);
    this.#outlet.close(closeCodeOf(error), code);
  }

  #createOutlet(deflation: Deflation): Outlet {
    const drained = (): void => this.#session?.drained(this.#outlet);
    const isSingle = deflation === 'shared' ? () => this.#session?.topics.size === 1 : never;
    const create = (onDrain: () => void): Outlet =>
      new WebSocketOutlet(this.#webSocket, this.#socket, deflation, isSingle, onDrain);
    return this.isDeflated ? new CompressingOutlet('deflated', create, drained) : create(drained);
  }

  /** The time for the handshake no longer applies. */
  #settle(): void {
    clearTimeout(this.#handshake);
    this.#handshake = undefined;
  }

  get #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }
}

const never = (): boolean => false;

const LATE_OPEN = 'no open frame came in time. Send it as the first message.';

/** The bit of a frame's first byte that RFC 7692 §6 uses. */
const RSV1 = 0x40;

const TOO_EARLY = `more than ${STRANGER_BYTES} bytes came before hello. Send the rest after hello.`;
const LATE_MESSAGE = 'a message took more than 30 s. Send smaller messages.';
const TOO_MANY_OPENED = 'this address opened too many links. Try again later.';
const TOO_MANY_PINGS = 'the peer sent more frames than the limits allow. Send fewer.';

function credentialsOf(request: IncomingMessage): Omit<Credentials, 'token'> {
  return { request, header: (name) => headerOf(request, name) };
}

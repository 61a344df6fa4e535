import { IncomingMessage } from 'node:http';
import { isVeloxError, VeloxError, type Limits } from '@velox/core/protocol';
import { Deadlines } from '../diagnostics/deadlines.js';
import type { Addresses } from './addresses.js';
import type { Sender } from './client-address.js';
import type { ClientInfo } from './client-info.js';
import { granted } from './granted.js';
import { isThenable, thenOrNow, whenRejected } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import { Senders } from './senders.js';
import { isValid, type StandardSchema } from './standard-schema.js';
import { isSameContext } from './same-context.js';

/** The client that asks for access, as far as the transport knows. */
export interface Credentials {
  /** The request that opens the link: node:http's own, or a web-standard one if `fetch` serves. */
  readonly request: IncomingMessage | Request;
  /** A header of that request, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The token of the open frame, or of the header `Authorization: Bearer`. */
  readonly token: string | undefined;
}

/** The rules of a hub for the clients that may connect and the topics they may see. */
export interface Rules<Context> {
  /**
   * Authorizes a client by returning its context, or refuses it by throwing or by returning `false`: `new VeloxError('forbidden', …)`
   * is answered with 403 or close code 4403, anything else with 401 or 4401. Without an answer within `limits.handshake` ms: 408 or 4408.
   * `undefined` and `null` admit the client, with a warning. Default: everybody, with the context undefined.
   */
  readonly authorize?: (credentials: Credentials) => Context | Promise<Context>;
  /**
   * Names the client behind a context, for limits and to bind its session; undefined: anonymous. Returns a string, not a promise.
   *
   * Without `identify`, a session is bound to the context: only a client with the same context may resume it. Contexts are the same if
   * they are one object, equal primitives, or plain objects with the same JSON. Instances of classes are never the same.
   */
  readonly identify?: (context: Context) => string | undefined;
  /**
   * Whether a client may see a topic; asked again by `recheck`. No answer within `limits.handshake` ms means no. Default: everybody
   * may see everything.
   */
  readonly canSubscribe?: (context: Context, topic: string) => boolean | Promise<boolean>;
  /** Standard Schemas for what clients send; `subscription` is asked about the name of each topic, before `canSubscribe`. */
  readonly validators?: { readonly subscription?: StandardSchema };
  /**
   * Binds a session to something of the requests of its client, for instance the fingerprint of its TLS certificate: a request that gives
   * another string cannot resume the session, poll it or post to it, even with its id. Returns a string, not a promise. Default: nothing.
   */
  readonly bind?: (request: Credentials['request']) => string;
}

/** Callbacks that are given the request of a link, beside the rules. */
interface Readers {
  readonly onConnect?: unknown;
  readonly onReconnect?: unknown;
}

/** The authorized client. */
export interface Admission {
  readonly context: unknown;
  readonly identity: string | undefined;
  /** The result of `bind`. */
  readonly binding?: string;
  /** The key of the address that asked, if it has limits. */
  readonly address?: string;
  /** Counts the answers of `authorize`: a higher number is newer. */
  readonly order?: number;
}

const ADVICE =
  'an address opened more links than limits.opensPerAddress allows. If a proxy is in front of the server, set `trustProxy` to the number of proxies.';

const ANYBODY: Admission = { context: undefined, identity: undefined };

/** Admits clients to a hub. */
export class Admissions {
  readonly #rules: Rules<unknown> & Readers;
  readonly #limits: Limits;
  readonly #observer: Observer;
  readonly #deadlines: Deadlines;
  readonly #addresses: Addresses;
  /** The addresses of clients, and their limits. */
  readonly senders: Senders;
  readonly #inside = new Map<string | undefined, number>();
  #count = 0;
  #answers = 0;

  constructor(
    rules: Rules<unknown> & Readers,
    limits: Limits,
    observer: Observer,
    addresses: Addresses,
    trustProxy?: number,
  ) {
    this.#rules = rules;
    this.#addresses = addresses;
    this.senders = new Senders(addresses, trustProxy);
    this.#limits = limits;
    this.#observer = observer;
    this.#deadlines = new Deadlines(limits.handshake);
  }

  /** Whether the application authorizes clients. */
  get hasAuthorize(): boolean {
    return this.#rules.authorize !== undefined;
  }

  /** Whether the application decides who may see what. */
  get hasRights(): boolean {
    const { authorize, canSubscribe, validators } = this.#rules;
    return !!(authorize ?? canSubscribe ?? validators?.subscription);
  }

  /**
   * Authorizes a client. Without `authorize` the answer is available immediately, and the same for all.
   *
   * @throws VeloxError `unauthorized`, `forbidden`, with a text that contains nothing of the application's error; `timeout` if there is no
   *   answer within `limits.handshake`; `going-away`; Error if `identify` fails.
   */
  admit(credentials: Credentials): Admission | Promise<Admission> {
    return this.hasAuthorize ? this.#ask(credentials) : this.#admission(credentials, ANYBODY);
  }

  /** The request of a link, as the application sees it. */
  clientInfo(sender: Sender | undefined): ClientInfo {
    return this.senders.infoOf(sender);
  }

  /** Returns the part of a request that its link has to keep: all of it only if the application reads it later. */
  kept(sender: Sender): Sender {
    const { authorize, bind, onConnect, onReconnect } = this.#rules;
    const isRead = authorize ?? bind ?? onConnect ?? onReconnect;
    return isRead ? sender : this.senders.withoutRequest(sender);
  }

  /** Counts an opening of a client's address. Returns undefined, or for a refusal the ms after which the client may try again. */
  open(sender: Sender): number | undefined {
    const address = this.senders.keyOf(sender);
    const retry = address === undefined ? undefined : this.#addresses.open(address);
    if (retry !== undefined) this.#observer.once('too many from an address', '', ADVICE, { address });
    return retry;
  }

  /**
   * Waits for something that a client sends, for `ms`; default: `limits.handshake`.
   *
   * @throws VeloxError `timeout`, `going-away`, and whatever `arrival` rejects with.
   */
  inTime<T>(arrival: Promise<T>, ms?: number): Promise<T> {
    const late = (): VeloxError => new VeloxError('timeout', 'the request took too long. Send it in one go.');
    return this.#deadlines.limit(arrival, late, ms);
  }

  /** Whether two admissions are of the same client, so that one may resume the session of the other. */
  isSame(one: Admission, other: Admission): boolean {
    if (one.identity !== other.identity || one.binding !== other.binding) return false;
    return !this.hasAuthorize || !!this.#rules.identify || isSameContext(one.context, other.context);
  }

  /** Refuses clients that are being authorized: the endpoint shuts down. */
  close(error: VeloxError): void {
    this.#deadlines.end(error);
  }

  async #ask(credentials: Credentials): Promise<Admission> {
    const context = await this.#authorize(credentials);
    const identity = this.#identify(context);
    return this.#admission(credentials, { context, identity, order: ++this.#answers });
  }

  /** The admission of a sender. */
  #admission(sender: Sender, who: Admission): Admission {
    const address = this.senders.keyOf(sender);
    const { bind } = this.#rules;
    if (address === undefined && !bind) return who;
    return {
      ...who,
      ...(address !== undefined && { address }),
      ...(bind && { binding: this.#named('bind', () => bind(sender.request)) as string }),
    };
  }

  async #authorize(credentials: Credentials): Promise<unknown> {
    const late = (): VeloxError =>
      new VeloxError('timeout', 'authorize() took longer than limits.handshake.');
    try {
      const context: unknown = this.#rules.authorize?.(credentials);
      if (!isThenable(context)) return granted(context, this.#observer);
      const answer = await this.#deadlines.limit(context, late, undefined, (callback) =>
        whenGone(credentials.request, callback),
      );
      return granted(answer, this.#observer);
    } catch (error) {
      this.#observer.log('info', 'refused', { error });
      if (isVeloxError(error, 'timeout'))
        throw new VeloxError('timeout', 'authentication took too long. Try again.');
      if (isVeloxError(error, 'going-away')) throw error;
      if (isVeloxError(error, 'forbidden'))
        throw new VeloxError('forbidden', 'this client may not use the endpoint. Ask for access.');
      throw new VeloxError('unauthorized', 'authentication failed. Send a valid token.');
    }
  }

  /** Returns the limit that is reached, if any: first the limit per identity, then the limit of all. */
  fullFor({ identity, address }: Admission): 'identity' | 'address' | 'hub' | undefined {
    const { sessions, sessionsPerIdentity } = this.#limits;
    const same = this.#inside.get(identity) ?? 0;
    if (identity !== undefined && same >= sessionsPerIdentity) return 'identity';
    if (this.#addresses.isFull(address)) return 'address';
    return this.#count >= sessions ? 'hub' : undefined;
  }

  /** Counts a session in; `leave` counts it out. */
  enter({ identity, address }: Admission): void {
    this.#addresses.enter(address);
    this.#count++;
    this.#inside.set(identity, (this.#inside.get(identity) ?? 0) + 1);
  }

  leave({ identity, address }: Admission): void {
    this.#addresses.leave(address);
    this.#count--;
    const left = (this.#inside.get(identity) ?? 1) - 1;
    if (left > 0) this.#inside.set(identity, left);
    else this.#inside.delete(identity);
  }

  /**
   * Whether a client may see a topic; now if the application answers now. Only `true` means yes. A failure, or no answer within
   * `limits.handshake`, is reported and means no.
   */
  maySee({ context, identity }: Admission, topic: string): boolean | Promise<boolean> {
    const { validators, canSubscribe } = this.#rules;
    if (!validators?.subscription && !canSubscribe) return true;
    const failed = (error: unknown): boolean => {
      if (!isVeloxError(error, 'going-away')) this.#observer.failure(error, { topic, identity });
      return false;
    };
    const late = (): Error =>
      new VeloxError('timeout', `canSubscribe() took longer than limits.handshake for the topic "${topic}".`);
    try {
      const valid = validators?.subscription ? isValid(validators.subscription, topic) : true;
      const answer = thenOrNow(
        valid,
        (sound) => sound && (canSubscribe ? canSubscribe(context, topic) : true),
      );
      const allowed = thenOrNow<unknown, boolean>(answer, (said) => said === true);
      return typeof allowed === 'boolean' ? allowed : this.#deadlines.limit(allowed, late).catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Names the client. A failure is the application's: the client gets `internal` for every error. */
  #identify(context: unknown): string | undefined {
    return this.#named('identify', () => this.#rules.identify?.(context));
  }

  /** Calls a callback that returns a string or undefined. */
  #named(name: string, callback: () => unknown): string | undefined {
    let result: unknown;
    try {
      result = callback();
      whenRejected(result, (error) => this.#observer.failure(error));
    } catch (cause) {
      throw new Error(`velox: ${name}() failed. See the cause.`, { cause });
    }
    if (result === undefined || typeof result === 'string') return result;
    throw new TypeError(`velox: ${name}() returned no string. Return a string or undefined, not a promise.`);
  }
}

/** Calls back when a request's connection is gone: a question would keep the request in memory. Returns a function to stop. */
function whenGone(request: Credentials['request'], callback: () => void): () => void {
  if (!(request instanceof IncomingMessage)) return () => undefined; // a time limit is all there is
  const { socket } = request;
  socket.once('close', callback);
  return () => void socket.off('close', callback);
}

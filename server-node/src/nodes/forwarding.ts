import { VeloxError } from '@velox/core/protocol';
import type { Elsewhere } from '../http/elsewhere.js';
import { BODY_MS } from '../http/serve-post.js';
import { serve } from '../http/serve.js';
import type { Hub } from '../hub/hub.js';
import { credentialsOf, FAILED, NOTHING, type Exchange } from '../transports/exchange.js';
import { ForwardedExchange, type ForwardedAnswer, type ForwardedRequest } from './forwarded-exchange.js';
import type { Letters } from './letters.js';
import type { Peers } from './peers.js';
import { homeOf } from './session-id.js';

/** How much longer than a heartbeat an answer may take, in ms. */
const GRACE_MS = 5_000;

/** The letters between nodes about requests. `call` is a number of the node that forwards. */
type ForwardLetter =
  | { readonly call: number; readonly request: ForwardedRequest }
  | { readonly call: number; readonly abort: true }
  /** The request has arrived. */
  | { readonly call: number; readonly taken: true }
  | { readonly call: number; readonly answer: ForwardedAnswer };

interface Pending {
  readonly home: string;
  readonly settle: (answer: ForwardedAnswer | Error) => void;
  /** The request has arrived. */
  readonly onTaken: () => void;
}

/** Headers that concern one connection, and not the request (RFC 9110 §7.6.1). */
const HOP_BY_HOP =
  /^(connection|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|content-length|expect|:.*)$/;

const KIND = 'forward';

/** Serves requests of sessions that live on other nodes, and requests of this node's sessions that came to others. */
export class Forwarding implements Omit<Elsewhere, 'close'> {
  readonly #hub: Hub;
  readonly #letters: Letters;
  readonly #peers: Peers;
  readonly #pending = new Map<number, Pending>();
  /** By node and call. */
  readonly #serving = new Map<string, ForwardedExchange>();
  #calls = 0;

  constructor(hub: Hub, letters: Letters, peers: Peers) {
    this.#hub = hub;
    this.#letters = letters;
    this.#peers = peers;
    peers.onGone((gone) => {
      for (const { home, settle } of [...this.#pending.values()]) if (home === gone) settle(unknownSession());
    });
    letters.on(KIND, (letter: ForwardLetter, from) => this.#hear(letter, from));
  }

  hasSession(id: string): boolean {
    const home = homeOf(id);
    return home !== undefined && home !== this.#letters.node;
  }

  async forward(
    session: string,
    exchange: Exchange,
    cors: Readonly<Record<string, string>>,
  ): Promise<string> {
    const { admissions, limits } = this.#hub;
    const { senders } = admissions;
    const home = homeOf(session) as string;
    const sender = senders.withoutRequest(credentialsOf(exchange)); // a closed connection has no address
    if (senders.hasTooManyMisses(sender)) throw new VeloxError('too-many', TOO_MANY);
    if (!(await this.#peers.mayLive(home))) throw unknownSession();
    const { method, url } = exchange.head;
    const content =
      method === 'POST' ? await admissions.inTime(exchange.body(limits.frame), BODY_MS) : undefined;
    const body = typeof content === 'string' ? content : JSON.stringify(content); // undefined for a GET
    const headers = headersOf(exchange);
    this.#hub.observer.publish('forward', () => ({ to: home, method }));
    const request = { method, url, headers, ...(content !== undefined && { body }) };
    // No session pays for a miss, and its client could repeat it without end.
    const onMiss = (): void => senders.miss(sender);
    const answer = await this.#ask(home, request, exchange, onMiss);
    if (answer?.outcome === UNKNOWN) onMiss();
    if (!answer) return 'closed';
    exchange.answer(answer, cors);
    return answer.outcome;
  }

  /** Refuses all exchanges that are under way. */
  close(): void {
    for (const { settle } of [...this.#pending.values()]) settle(unknownSession());
  }

  /**
   * Resolves with the answer; undefined if the client is gone.
   *
   * @param onMiss called if the client leaves before a POST is answered, or before the other node has its poll
   */
  async #ask(
    home: string,
    request: ForwardedRequest,
    exchange: Exchange,
    onMiss: () => void,
  ): Promise<ForwardedAnswer | undefined> {
    const call = ++this.#calls;
    const send = async (): Promise<void> => {
      await this.#letters.listen();
      if (this.#pending.has(call)) await this.#letters.say(home, KIND, { call, request });
    };
    try {
      return await new Promise<ForwardedAnswer | undefined>((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        const settle: Pending['settle'] = (answer) => {
          clearTimeout(timer);
          this.#pending.delete(call);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        };
        const wait = (ms: number): void => {
          clearTimeout(timer);
          timer = setTimeout(() => settle(unknownSession()), ms).unref();
        };
        wait(this.#peers.patienceFor(home)); // until the node says that it has the request
        let isTaken = false;
        const onTaken = (): void => {
          isTaken = true;
          wait(this.#hub.heartbeat + GRACE_MS);
        };
        this.#pending.set(call, { home, settle, onTaken });
        exchange.onAbort(() => {
          if (!this.#pending.delete(call)) return;
          clearTimeout(timer);
          if (request.method === 'POST' || !isTaken) onMiss();
          this.#letters.tell(home, KIND, { call, abort: true });
          resolve(undefined);
        });
        send().catch((error: unknown) => settle(error as Error));
      });
    } catch (error) {
      if (error instanceof VeloxError) throw error;
      throw new VeloxError('unavailable', 'the bus between the servers fails. Try again later.', {
        cause: error,
      });
    }
  }

  #hear(letter: ForwardLetter, from: string): void {
    if ('taken' in letter) this.#pending.get(letter.call)?.onTaken();
    else if ('answer' in letter) this.#pending.get(letter.call)?.settle(letter.answer);
    else if ('abort' in letter) this.#serving.get(`${from} ${letter.call}`)?.abort();
    else this.#serve(letter, from);
  }

  #serve({ call, request }: Extract<ForwardLetter, { request: unknown }>, from: string): void {
    const key = `${from} ${call}`;
    const tell = (letter: ForwardLetter): void => this.#letters.tell(from, KIND, letter); // it asks again
    const exchange = new ForwardedExchange(request, (answer) => {
      this.#serving.delete(key);
      tell({ call, answer });
    });
    this.#serving.set(key, exchange);
    tell({ call, taken: true });
    serve(this.#hub, exchange)
      .then(async (served) => {
        if ('left' in served) exchange.answer(NOTHING, {});
        else await served.outcome;
      })
      .catch((error: unknown) => {
        this.#hub.observer.failure(error);
        exchange.answer(FAILED, {});
      })
      .finally(() => this.#serving.delete(key));
  }
}

function headersOf({ request, head }: Exchange): [string, string][] {
  const { headers } = request;
  const pairs = headers instanceof Headers ? [...headers] : Object.entries(headers);
  // HTTP/2 names the host in another header, and some web-standard servers only in the URL.
  const known = pairs.filter(([name]) => name !== 'host').concat([['host', head.header('host')]]);
  return known.flatMap(([name, value]): [string, string][] =>
    value === undefined || HOP_BY_HOP.test(name) ? [] : [[name, [value].flat().join(', ')]],
  );
}

const UNKNOWN = 'unknown-session';
const TOO_MANY = 'this address sent too many requests for sessions that are not there. Try again later.';

const unknownSession = (): VeloxError =>
  new VeloxError(UNKNOWN, 'the server of this session is gone. Open a new one.');

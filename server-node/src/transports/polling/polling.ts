import type { ClientFrame, OpenFrame } from '@velox/core/protocol';
import type { Admission } from '../../access/admission.js';
import { credentialsOf, JSON_HEADERS, type Answer, type Exchange } from '../exchange.js';
import type { Hub } from '../../hub/hub.js';
import type { Message } from '../../wire/message.js';
import type { Outlet } from '../../wire/outlet.js';
import type { Session } from '../../sessions/session.js';

/** How long a hub that closes waits for the next poll, in ms: clients poll again 100 ms after an answer at the latest. */
const FAREWELL_MS = 1_000;

type Headers = Readonly<Record<string, string>>;

/** A link by long-polling: each poll takes the pending messages, or waits for some. Between polls its outlet is full. */
export class PollingLink implements Outlet {
  readonly transport = 'polling';
  readonly isTwoWay = false;
  readonly waiting = 0;
  readonly session: Session;
  /** Which link of its session it is: another may have taken its place. */
  readonly number: number;
  readonly #hub: Hub;
  readonly #onEnd: (link: PollingLink) => void;
  /** The newest poll, and its answer while it waits. */
  #poll: Exchange | undefined;
  #answer: ((messages: readonly Message[]) => void) | undefined;
  /** A goodbye that was said between two polls, and the last messages before it: they wait for the next poll. */
  #farewell: readonly Message[] | undefined;
  /** The newest numbered poll that was answered, and its answer. */
  #last: { readonly number: number; readonly body: string } | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param open puts a session on the link */
  constructor(hub: Hub, open: (link: PollingLink) => Session, onEnd: (link: PollingLink) => void) {
    this.#hub = hub;
    this.#onEnd = onEnd;
    this.session = open(this);
    this.number = this.session.links;
  }

  write(messages: readonly Message[]): boolean {
    if (this.#answer) this.#answer(messages);
    else {
      this.#farewell = [...(this.#farewell ?? []), ...messages]; // to a full outlet, a session says nothing else
      if (this.#hub.isClosed) this.#expectPoll(FAREWELL_MS);
    }
    return false;
  }

  close(): void {
    if (!this.#farewell) this.#end('ended');
  }

  /**
   * Takes a poll; resolves with the reason when it is answered, or its peer is gone.
   *
   * @param number counts the polls of the link. A browser repeats a GET if a reused connection breaks. The
   * repetition gets the same answer, because the first one has already taken the messages. NaN: the client does not count
   */
  poll(exchange: Exchange, cors: Headers, number: number = NaN): Promise<string> {
    if (this.#last && number <= this.#last.number) {
      exchange.answer(polled(number === this.#last.number ? this.#last.body : '[]'), cors);
      return Promise.resolve('polled');
    }
    clearTimeout(this.#timer);
    this.#answer?.([]); // a newer poll takes the place of an older one
    this.#poll = exchange;
    this.#last = undefined;
    return new Promise((resolve) => {
      this.#answer = (messages) => {
        this.#answer = undefined;
        const body = `[${messages.map(({ text }) => text).join(',')}]`;
        if (this.#poll === exchange && number > 0) this.#last = { number, body };
        exchange.answer(polled(body), cors);
        resolve('polled');
        this.#expectPoll(this.#hub.heartbeat);
      };
      exchange.onAbort(() => {
        if (this.#poll === exchange) this.#end('closed');
        resolve('closed');
      });
      if (!this.#farewell) return this.session.drained(this);
      this.#answer(this.#farewell);
      this.#end('ended');
    });
  }

  /** A client that does not poll within `ms` is gone. */
  #expectPoll(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#end('no poll came'), ms).unref();
  }

  #end(reason: string): void {
    this.#answer?.([]);
    clearTimeout(this.#timer);
    this.#hub.leave(this.session, this, reason);
    this.#onEnd(this);
  }
}

const polled = (body: string): Answer => ({ status: 200, headers: JSON_HEADERS, body, outcome: 'polled' });

/** By hub and session id; also of sessions that have ended, while their goodbye waits. */
const links = new WeakMap<Hub, Map<string, PollingLink>>();

function linksOf(hub: Hub): Map<string, PollingLink> {
  let known = links.get(hub);
  if (!known) links.set(hub, (known = new Map<string, PollingLink>()));
  return known;
}

/**
 * Opens a session by long-polling; the answer carries `hello` and the first frames of its topics.
 *
 * @throws VeloxError as `Hub.open`.
 */
export async function openPolling(
  hub: Hub,
  exchange: Exchange,
  cors: Headers,
  admission: Admission,
  open: OpenFrame['open'],
  frames: readonly ClientFrame[],
): Promise<string> {
  const known = linksOf(hub);
  const along = { frames, credentials: credentialsOf(exchange) };
  const link = new PollingLink(
    hub,
    (outlet) => hub.open(outlet, admission, open, along),
    ({ session: { id } }) => known.get(id) === link && known.delete(id),
  );
  known.set(link.session.id, link);
  return link.poll(exchange, cors);
}

/**
 * Returns the link on which the session of that id polls, if it belongs to the client.
 *
 * @param number which link of the session is meant, if the poll names one
 */
export function pollingLinkOf(
  hub: Hub,
  id: string,
  admission: Admission,
  number?: string,
): PollingLink | undefined {
  const link = linksOf(hub).get(id);
  if (number !== undefined && number !== `${link?.number}`) return undefined;
  return link && hub.admissions.isSame(link.session.admission, admission) ? link : undefined;
}

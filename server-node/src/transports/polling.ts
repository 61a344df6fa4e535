import type { ClientFrame, OpenFrame } from '@velox/core/protocol';
import type { Admission } from '../admission.js';
import { credentialsOf, JSON_HEADERS, type Exchange } from '../exchange.js';
import type { Hub } from '../hub.js';
import type { Message } from '../message.js';
import type { Outlet } from '../outlet.js';
import type { Session } from '../session.js';

type Headers = Readonly<Record<string, string>>;

/** A link by long-polling: each poll takes away what is due, or waits for it. Between polls it is a full outlet. */
class PollingLink implements Outlet {
  readonly transport = 'polling';
  readonly #hub: Hub;
  #session: Session | undefined;
  #waiting: ((messages: readonly Message[]) => void) | undefined;
  /** Said while no poll was there. */
  #held: Message[] = [];
  #timer: NodeJS.Timeout | undefined;
  #ended = false;

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  open(session: Session): void {
    this.#session = session;
  }

  write(messages: readonly Message[]): boolean {
    const answer = this.#waiting;
    if (!answer) {
      this.#held.push(...messages);
      return false;
    }
    this.#waiting = undefined;
    answer(messages);
    // A client that polls no more is gone.
    this.#timer = setTimeout(() => this.#end('no poll came'), this.#hub.heartbeat).unref();
    return false;
  }

  close(): void {
    this.#end('ended');
  }

  /** Takes a poll; resolves with the reason when it is answered, or its peer gone. */
  poll(exchange: Exchange, cors: Headers): Promise<string> {
    clearTimeout(this.#timer);
    this.#waiting?.([]); // a newer poll takes the place of an older one
    return new Promise((resolve) => {
      this.#waiting = (messages) => {
        const body = `[${messages.map(({ text }) => text).join(',')}]`;
        exchange.answer({ status: 200, headers: JSON_HEADERS, body, outcome: 'polled' }, cors);
        resolve('polled');
      };
      exchange.onAbort(() => {
        this.#end('closed');
        resolve('closed');
      });
      const held = this.#held;
      this.#held = [];
      if (held.length > 0) this.write(held);
      else this.#session?.drained(this);
    });
  }

  get ended(): boolean {
    return this.#ended && this.#held.length === 0;
  }

  #end(reason: string): void {
    clearTimeout(this.#timer);
    if (this.#ended) return;
    this.#ended = true;
    if (this.#session) this.#hub.leave(this.#session, this, reason);
  }
}

const links = new WeakMap<Session, PollingLink>();

/** Opens a session by long-polling; the answer carries `hello` and what there is of its topics. */
export function openPolling(
  hub: Hub,
  exchange: Exchange,
  cors: Headers,
  admission: Admission,
  open: OpenFrame['open'],
  frames: readonly ClientFrame[],
): Promise<string> {
  const link = new PollingLink(hub);
  const session = hub.open(link, admission, open);
  link.open(session);
  links.set(session, link);
  for (const frame of frames) hub.receive(session, frame, credentialsOf(exchange));
  return link.poll(exchange, cors);
}

/** The link on which a session polls, if it does. */
export function pollingLinkOf(session: Session | undefined): PollingLink | undefined {
  const link = session && links.get(session);
  return link?.ended ? undefined : link;
}

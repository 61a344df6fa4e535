import { decodeServerFrame } from '../protocol/decode.js';
import { PROTOCOL_VERSION } from '../protocol/frames.js';
import type { Attempt, CloseReason, Link, LinkEvents, Transport } from '../connection/transport.js';

/** What a way to connect tells of its one attempt: whatever it sees, as often as it likes, also too late. */
export interface Reporter {
  readonly onOpen: () => void;
  readonly onByte: () => void;
  /** A whole message. One that is no frame ends the link with `bad-frame`. */
  readonly onMessage: (text: string) => void;
  readonly onClose: (reason: CloseReason) => void;
}

/**
 * Begins one attempt, and returns the way to send. What it throws ends it as `refused`.
 *
 * @param signal aborted when the attempt is over for whatever reason: to give back what it took
 */
export type Start = (attempt: Attempt, reporter: Reporter, signal: AbortSignal) => Link['send'];

/** Receives by requests, until the signal is aborted. What it throws ends the link as `lost`. */
export type Receive = (attempt: Attempt, reporter: Reporter, signal: AbortSignal) => Promise<void>;

/**
 * Makes a {@link Transport}. The guarantees of {@link LinkEvents} are kept here, once for all of them.
 */
export function defineTransport(name: string, start: Start): Transport {
  // A function's name cannot be assigned, and one that is written down a minifier changes.
  const named = {
    [name]: (attempt: Attempt, events: LinkEvents): Link => {
      /** Whom to tell; nobody, once it is over. */
      let told: LinkEvents | undefined = events;
      const over = new AbortController();
      const close = (): void => {
        told = undefined;
        over.abort();
      };
      const onClose = (reason: CloseReason): void => {
        if (!told) return;
        close();
        events.onClose(reason);
      };
      const reporter: Reporter = {
        onOpen: () => told?.onOpen(),
        onByte: () => told?.onByte(),
        onMessage(text) {
          try {
            told?.onFrame(decodeServerFrame(text), text);
          } catch (error) {
            onClose({ code: 'bad-frame', message: `${error as Error}` });
          }
        },
        onClose,
      };
      let send!: Link['send']; // nobody sends before there was a hello
      try {
        send = start(attempt, reporter, over.signal);
      } catch (error) {
        queueMicrotask(() => onClose({ code: 'refused', message: `${error as Error}` }));
      }
      return { send, close };
    },
  };
  return named[name] as Transport;
}

/** The endpoint's URL with the query that asks for this version of the protocol, and for what is defined of `query`. */
export function endpoint(url: string, query?: Readonly<Record<string, unknown>>): string {
  const target = new URL(url);
  for (const [name, value] of Object.entries({ velox: PROTOCOL_VERSION, ...query })) {
    if (value !== undefined) target.searchParams.set(name, String(value));
  }
  return target.href;
}

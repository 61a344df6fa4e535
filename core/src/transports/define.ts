import { decodeServerFrame, PROTOCOL_VERSION } from '../protocol.js';
import type { Attempt, CloseReason, Link, LinkEvents, Transport } from '../transport.js';

/** What a way to connect tells of its one attempt: whatever it sees, as often as it likes, also too late. */
export interface Reporter {
  readonly onOpen: () => void;
  readonly onByte: () => void;
  /** A whole message. One that is no frame ends the link with `bad-frame`. */
  readonly onMessage: (text: string) => void;
  readonly onClose: (reason: CloseReason) => void;
}

/**
 * Begins one attempt. What it throws ends it as `refused`. `close` of its link gives back what it took, and is called when the attempt is
 * over for whatever reason.
 */
export type Start = (attempt: Attempt, reporter: Reporter) => Link;

/**
 * Makes a {@link Transport}. The guarantees of {@link LinkEvents} are kept here, once for all of them.
 */
export function defineTransport(name: string, start: Start): Transport {
  // A function's name cannot be assigned, and one that is written down a minifier changes.
  const named = {
    [name]: (attempt: Attempt, events: LinkEvents): Link => {
      let link: Link | undefined;
      /** Whom to tell; nobody, once it is over. */
      let told: LinkEvents | undefined = events;
      const close = (): LinkEvents | undefined => {
        const before = told;
        told = undefined;
        if (before) link?.close();
        return before;
      };
      const onClose = (reason: CloseReason): void => close()?.onClose(reason);
      const reporter: Reporter = {
        onOpen: () => told?.onOpen(),
        onByte: () => told?.onByte(),
        onMessage(text) {
          try {
            told?.onFrame(decodeServerFrame(text), text);
          } catch (error) {
            onClose({ code: 'bad-frame', message: String(error) });
          }
        },
        onClose,
      };
      try {
        link = start(attempt, reporter);
      } catch (error) {
        queueMicrotask(() => onClose({ code: 'refused', message: String(error) }));
      }
      return { ...(link as Link), close }; // nobody sends before there was a hello
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

/** Why an HTTP request was refused: by the endpoint, in words of its own, or by something before it. */
export async function readRefusal(response: Response): Promise<CloseReason> {
  const { status } = response;
  const { error } = (await response.json().catch(() => ({}))) as { readonly error?: Partial<CloseReason> };
  const { code = 'refused', message = response.statusText } = error ?? {};
  // Permission does not come by itself; what else is wrong may be right on another way, or later.
  return {
    code: status === 401 ? 'unauthorized' : code,
    message: `${status}: ${message}`,
    ...(status === 403 && { retry: false }),
  };
}

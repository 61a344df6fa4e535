import { decodeServerFrame, PROTOCOL_VERSION } from '../protocol.js';
import type { Attempt, CloseReason, Link, LinkEvents, Transport } from '../transport.js';

/** What a way to connect tells of its one attempt: whatever it sees, as often as it likes, also too late. */
export interface Reporter {
  readonly open: () => void;
  readonly byte: () => void;
  /** A whole message. One that is no frame ends the link with `bad-frame`; a frame of a newer server is passed over. */
  readonly message: (text: string) => void;
  readonly end: (reason: CloseReason) => void;
}

/**
 * Makes a {@link Transport}. The guarantees of {@link LinkEvents} are kept here, once for all of them.
 *
 * @param start begins the attempt; what it throws ends it as `refused`. `close` of its link gives back what it took, and is
 * called when the attempt is over for whatever reason.
 */
export function defineTransport(
  name: string,
  start: (attempt: Attempt, reporter: Reporter) => Link,
): Transport {
  const transport = (attempt: Attempt, events: LinkEvents): Link => {
    let live = true;
    let link: Link | undefined;
    const close = (): boolean => {
      if (!live) return false;
      live = false;
      link?.close();
      return true;
    };
    const end = (reason: CloseReason): void => {
      if (close()) events.onClose(reason);
    };
    const reporter: Reporter = {
      open: () => live && events.onOpen(),
      byte: () => live && events.onByte(),
      message(text) {
        if (!live) return;
        try {
          const frame = decodeServerFrame(text);
          if (frame) events.onFrame(frame, text);
        } catch (error) {
          end({ code: 'bad-frame', message: String(error) });
        }
      },
      end,
    };
    try {
      link = start(attempt, reporter);
    } catch (error) {
      queueMicrotask(() => end({ code: 'refused', message: String(error) }));
    }
    return { ...link, close };
  };
  // A function's name cannot be assigned, and a minifier would change the one that it was written with.
  return Object.defineProperty(transport, 'name', { value: name });
}

/** The endpoint's URL with the query that asks for this version of the protocol. */
export function endpoint(url: string): URL {
  const target = new URL(url);
  target.searchParams.set('velox', `${PROTOCOL_VERSION}`);
  return target;
}

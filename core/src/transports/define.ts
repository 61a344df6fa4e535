import { load, loaded } from '../platform/load.js';
import { isFirstFrame } from '../protocol/first-frame.js';
import type { ServerFrame } from '../protocol/frames.js';
import type { Attempt, CloseReason, Link, LinkEvents, Transport } from '../connection/transport.js';

/** How a transport reports on its one attempt: as often as it likes, also too late. */
export interface Reporter {
  readonly onOpen: () => void;
  readonly onByte: () => void;
  /** A whole message. One that is no frame ends the link with `bad-frame`. */
  readonly onMessage: (text: string) => void;
  readonly onClose: (reason: CloseReason) => void;
}

/**
 * Begins one attempt, and returns the function that sends. If it throws, the attempt ends as `refused`.
 *
 * @param signal aborted when the attempt is over for any reason, so that it can free its resources
 */
export type Start = (attempt: Attempt, reporter: Reporter, signal: AbortSignal) => Link['send'];

/**
 * Receives by requests, until the signal is aborted. If it rejects, the link ends as `lost`.
 *
 * @param send sends a frame after all earlier ones, also when the signal is aborted
 */
export type Receive = (
  attempt: Attempt,
  reporter: Reporter,
  signal: AbortSignal,
  send: Link['send'],
) => Promise<void>;

/**
 * Creates a {@link Transport}. This function keeps the guarantees of {@link LinkEvents} for all of them, and checks each frame. The check
 * and the code that reads most frames load on need, so everything waits from the first such frame on until they are there.
 */
export function defineTransport(name: string, start: Start): Transport {
  // A function's name cannot be assigned, and a minifier changes a literal one.
  const named = {
    [name]: (attempt: Attempt, events: LinkEvents): Link => {
      /** Undefined once it is over. */
      let listener: LinkEvents | undefined = events;
      const over = new AbortController();
      /** The messages that wait for the code, and the promise that resolves once they were handled. */
      let held: string[] | undefined;
      let released: Promise<void>;
      const close = (): void => {
        listener = undefined;
        over.abort();
      };
      const onClose = (reason: CloseReason): void => {
        if (held) return void released.then(() => onClose(reason));
        if (!listener) return;
        close();
        events.onClose(reason);
      };
      /** @param isUnchecked whether the frame is taken without the check, because that cannot be loaded */
      const receive = (text: string, isUnchecked?: boolean): void => {
        if (!listener) return;
        if (held) return void held.push(text);
        try {
          let frame = JSON.parse(text) as ServerFrame;
          if (loaded) frame = loaded.readFrame(frame, text);
          else if (!isUnchecked && !isFirstFrame(frame, text)) return hold(text);
          else if ('binary' in frame) throw new TypeError('unread bytes');
          listener.onFrame(frame, text);
        } catch (error) {
          onClose({ code: 'bad-frame', message: `${error as Error}`, text });
        }
      };
      const hold = (text: string): void => {
        const mine = (held = [text]);
        const release = (): void => {
          held = undefined;
          for (const each of mine) receive(each, true);
        };
        released = load().then(release, release);
      };
      const reporter: Reporter = {
        onOpen: () => listener?.onOpen(),
        onByte: () => listener?.onByte(),
        onMessage: receive,
        onClose,
      };
      let send!: Link['send']; // not called before a hello
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

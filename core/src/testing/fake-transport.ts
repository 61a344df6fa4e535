import type { ClientFrame, Hello, ServerFrame } from '../protocol/frames.js';
import type { Attempt, CloseReason, Transport } from '../connection/transport.js';
import { defineTransport } from '../transports/define.js';

/** One attempt of a fake transport, from the server's side. */
export interface FakeLink {
  readonly attempt: Attempt;
  /** All that the client sent, the first frames included. */
  readonly sent: ClientFrame[];
  /** Whether the client hung up. */
  closed: boolean;
  /** Answers with `hello`; default: heartbeat 15 s, session `s1`. */
  readonly hello: (hello?: Partial<Hello>) => void;
  readonly say: (...frames: ServerFrame[]) => void;
  /** The head of the answer arrives, and no frame yet. */
  readonly head: () => void;
  /** Some bytes arrive, not yet a frame. */
  readonly bytes: () => void;
  /** The link ends, without the client's doing. */
  readonly lose: (reason?: CloseReason) => void;
}

/** A transport that a test plays the server of. To teach it something new, add a lever to {@link FakeLink}. */
export interface FakeTransport {
  readonly transport: Transport;
  /** All attempts so far, the newest last. */
  readonly links: FakeLink[];
  /** The newest attempt. */
  readonly last: () => FakeLink;
}

/** The options of a fake transport. */
export interface FakeOptions {
  /** Default `fake`. */
  readonly name?: string;
}

/** Creates a transport whose every attempt waits for the test to answer. */
export function createFakeTransport({ name = 'fake' }: FakeOptions = {}): FakeTransport {
  const links: FakeLink[] = [];
  const transport = defineTransport(name, (attempt, reporter, signal) => {
    let isLost = false;
    const link: FakeLink = {
      attempt,
      sent: [...attempt.open],
      closed: false,
      hello(hello) {
        reporter.onOpen();
        const limits = { frame: 1 << 20, depth: 500, rate: 1_000 };
        link.say({
          hello: {
            protocol: 3,
            session: 's1',
            heartbeat: 15_000,
            ack: 0,
            link: 1,
            limits,
            ...hello,
          } as Hello,
        });
      },
      say(...frames) {
        for (const frame of frames) {
          reporter.onByte();
          reporter.onMessage(JSON.stringify(frame));
        }
      },
      head: reporter.onOpen,
      bytes: reporter.onByte,
      lose(reason = { code: 'lost', message: 'lost' }) {
        isLost = true;
        reporter.onClose(reason);
      },
    };
    links.push(link);
    signal.addEventListener('abort', () => (link.closed = !isLost));
    return (text) => void link.sent.push(JSON.parse(text) as ClientFrame);
  });
  return {
    transport,
    links,
    last: () => links[links.length - 1] as FakeLink,
  };
}

import { vi } from 'vitest';
import { createConnection, type Replica, type Source } from '../../src/index.js';
import type { ServerFrame } from '../../src/protocol/frames.js';
import { createFakeTransport, type FakeLink } from '../../src/testing/fake-transport.js';

/** The state of the contract's server. */
export interface Board {
  readonly title: string;
  readonly rows: readonly { readonly id: number; readonly n: number }[];
}

export const board: Board = {
  title: 'board',
  rows: [
    { id: 1, n: 0 },
    { id: 2, n: 0 },
  ],
};

/** The output of a component under test: the text of {@link textOf}. */
export interface View {
  readonly source: Source<Board>;
  /** Shows the status of the source instead of its value. */
  readonly status?: boolean;
  readonly select?: (value: Board | undefined) => unknown;
  readonly equal?: (before: unknown, after: unknown) => boolean;
  /** Call it with the shown value at each update of the framework. */
  readonly onRender?: (shown: unknown) => void;
  /** Call it from the error boundary or its equivalent in the framework. */
  readonly onError?: (error: unknown) => void;
}

/** A component that is there. */
export interface Mounted {
  readonly element: Element;
  /** Gives the component another source. */
  readonly switchTo: (source: Source<Board>) => void;
  readonly unmount: () => void;
}

/** All that a framework contributes to its tests. */
export interface AdapterHarness {
  readonly mount: (view: View) => Mounted;
  /** Runs something that makes components render. Default: just runs it. */
  readonly act?: (run: () => Promise<void>) => Promise<void>;
  /** Whether the framework renders the others when one component throws. Default true; Angular does so the next time. */
  readonly isolates?: boolean;
}

/** The output of a component. */
export function textOf(shown: unknown): string {
  return JSON.stringify(shown) ?? 'nothing';
}

/** A connection whose server is played by the test. */
export interface Played {
  readonly links: FakeLink[];
  readonly last: () => FakeLink;
  /** The transport alone, for sources that are not replicas. */
  readonly options: { readonly transports: ReturnType<typeof createFakeTransport>['transport'][] };
  readonly replica: (topic?: string) => Replica<Board>;
  /** The server says something; then there is time for a paint. It says hello first, if that is due. */
  readonly say: (...frames: ServerFrame[]) => Promise<void>;
  /** A snapshot of a topic. */
  readonly answer: (value?: Board, topic?: string) => Promise<void>;
  /** The default topic gets these titles, one after the other, in one paint. */
  readonly title: (...titles: string[]) => Promise<void>;
}

/** Creates the server to be played. */
export function play({ act = (run) => run() }: AdapterHarness): Played {
  const { transport, links, last } = createFakeTransport();
  const sync = createConnection({ url: 'http://h/sync', transports: [transport] });
  const greeted = new WeakSet<FakeLink>();
  let version = 1;
  const say = (...frames: ServerFrame[]): Promise<void> =>
    act(async () => {
      await vi.advanceTimersByTimeAsync(0);
      if (!greeted.has(last())) last().hello();
      greeted.add(last());
      last().say(...frames);
      await vi.advanceTimersByTimeAsync(200);
    });
  return {
    links,
    last,
    options: { transports: [transport] },
    replica: (topic) => sync.replica(topic),
    say,
    answer: (body = board, topic) => say({ id: 'a', version: 1, body, ...(topic && { topic }) }),
    title: (...titles) =>
      say(
        ...titles.map((value): ServerFrame => {
          return { version: ++version, delta: true, body: [{ op: 'replace', path: '/title', value }] };
        }),
      ),
  };
}

import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { AnyContract, Hub, HubOptions, Session, State } from '../../src/index.js';
import { TEXTS, type Text } from './schedules.js';

const WORDS = 'some words that come again and again, '.repeat(30);

/** Nearly the longest event: events of this size fill the buffers of the system between two ends. */
const BULK = 'b'.repeat(1_000_000);

/** Bytes that wait in an outlet that is full. */
const FULL = 64 * 1024;

type Value = Record<string, unknown>;

/** Gives the loop of events a turn. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** How a hub is set up whose outlets can be seen to be full. */
export const SEEN: HubOptions<Socket> = {
  authorize: ({ request }) => (request as IncomingMessage).socket,
  identify: () => 'crowd', // a socket is never the same context again, so a POST would find no session
};

/** The topics `a` and `b` of a hub, worth to be compressed; whoever emits `say`, with a number, is answered in private. */
export class TwoTopics {
  readonly #states = new Map<string, State<Value>>();
  readonly #sessions = new Map<number, Session<Socket>>();
  readonly #note: (topic: string, version: number, text: string) => void;
  #changes = 0;

  /**
   * @param hub set up as {@link SEEN}
   * @param note receives the JSON of each version of a topic
   */
  constructor(hub: Hub<AnyContract, Socket>, note: (topic: string, version: number, text: string) => void) {
    this.#note = note;
    for (const topic of ['a', 'b']) {
      this.#states.set(topic, hub.state<string, Value>(topic, { n: 0, rest: WORDS }));
      this.#tell(topic);
    }
    hub.on('say', (session, id) => {
      this.#sessions.set(id as number, session);
      session.emit('private', WORDS);
    });
  }

  versionOf(topic: string): number {
    return (this.#states.get(topic) as State<Value>).position().version;
  }

  /** Changes a topic, and gives its clients a turn to get it. */
  async change(topic: string, text: Text): Promise<void> {
    const n = ++this.#changes;
    const more = TEXTS[text](n);
    this.#states.get(topic)?.update((draft) => {
      draft.n = n;
      if (more !== undefined) draft[`key ${n % 5}`] = more;
    });
    this.#tell(topic);
    await turn();
  }

  /** Resolves when a number was said. */
  async whenSaid(id: number): Promise<void> {
    while (!this.#sessions.has(id)) await turn();
  }

  /** Sends private data to a client that sent a number and does not read, until its outlet is full. */
  async fill(id: number): Promise<void> {
    const session = this.#sessions.get(id) as Session<Socket>;
    while (session.context.writableLength < FULL) {
      session.emit('bulk', BULK);
      for (let turns = 0; turns < 3; turns++) await turn();
    }
  }

  #tell(topic: string): void {
    const { version, body } = (this.#states.get(topic) as State<Value>).snapshot();
    this.#note(topic, version, JSON.stringify(body));
  }
}

/** A hub with an entity whose clients are sessions without a transport. Use it with fake timers. */
import { onTestFinished, vi } from 'vitest';
import type { EntitySource } from '../../src/entities/entity.js';
import type { EntityOptions } from '../../src/entities/entity-options.js';
import type { Fetched } from '../../src/entities/fetched.js';
import { Hub } from '../../src/hub/hub.js';
import type { HubOptions } from '../../src/hub/hub-options.js';
import type { Session } from '../../src/sessions/session.js';
import { FakeOutlet } from './fake-outlet.js';

const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };

/** A client of a hub with an entity `items`. */
export interface Client {
  readonly session: Session;
  readonly want: (topic: string, known?: { id: string; version: number; proof?: string }) => void;
  readonly leave: (topic: string) => void;
  /** The link ends, and the session with it. */
  readonly end: () => void;
  /** The frames since the last call. */
  readonly take: () => unknown[];
}

/** A hub with an entity `items`, and clients of it, until the end of the test. */
export function setUp<T>(
  options: EntityOptions<T, { readonly role?: string }>,
  hubOptions: HubOptions<{ readonly role?: string }> = {},
): { hub: Hub; items: EntitySource; connect: (identity?: string, context?: object) => Client } {
  const logger = vi.fn();
  const hub = new Hub({ heartbeat: 0, logger, ...hubOptions } as HubOptions);
  onTestFinished(() => {
    hub.topics.close();
    hub.entities.close();
  });
  const items = hub.entities.create('items', options as EntityOptions<unknown>);
  return {
    hub,
    items,
    connect(identity, context = {}) {
      const outlet = new FakeOutlet();
      const session = hub.open(outlet, { identity, context });
      const receive = (frame: Parameters<Hub['receive']>[1]): void =>
        hub.receive(session, frame, CREDENTIALS);
      return {
        session,
        want: (topic, known) => receive({ subscribe: [{ topic, ...known }] }),
        leave: (topic) => receive({ unsubscribe: [topic] }),
        end: () => hub.leave(session, outlet, 'closed'),
        take: () => outlet.take().filter((frame) => !('hello' in frame)),
      };
    },
  };
}

/** Lets queued fetches begin, end and be delivered. */
export const turn = async (ms = 0): Promise<void> => {
  for (let count = 0; count < 4; count++) await vi.advanceTimersByTimeAsync(0);
  if (ms > 0) await vi.advanceTimersByTimeAsync(ms);
  for (let count = 0; count < 4; count++) await vi.advanceTimersByTimeAsync(0);
};

/** A fetch whose answers the test gives. */
export function manual<T>(): {
  fetch: (id: string) => Promise<Fetched<T>>;
  calls: { id: string; resolve: (row: Fetched<T>) => void; reject: (error: unknown) => void }[];
} {
  const calls: { id: string; resolve: (row: Fetched<T>) => void; reject: (error: unknown) => void }[] = [];
  return {
    calls,
    fetch: (id) => new Promise((resolve, reject) => calls.push({ id, resolve, reject })),
  };
}

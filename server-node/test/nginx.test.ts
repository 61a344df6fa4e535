/** Behind a real nginx, configured in the ways that users meet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@velox/core';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createHub, type Session } from '../src/index.js';
import { listen } from './rig/listen.js';
import { startNginx } from './rig/nginx.js';

const UPGRADES = ['proxy_set_header Upgrade $http_upgrade', 'proxy_set_header Connection "upgrade"'] as const;

type Way = 'websocket' | 'sse' | 'polling';

interface Scene {
  readonly name: string;
  readonly directives: readonly string[];
  /** Ms; default 15,000. */
  readonly heartbeat?: number;
  /** Ms without any change or event, in the middle. */
  readonly pause?: number;
  /** The transports that may be in use. */
  readonly ways: readonly Way[];
  /** Whether nginx cuts the link in the pause; default: it lives on. */
  readonly cut?: boolean;
}

/** The status names the better transport that does not pass. */
const REASONS: Readonly<Record<Way, object | undefined>> = {
  websocket: undefined,
  sse: { code: 'lost', message: expect.stringMatching(/^websocket: /) as string },
  polling: {
    code: expect.stringMatching(/^(buffered|timeout)$/) as string,
    message: expect.stringMatching(/^sse: /) as string,
  },
};

const BUFFERING = ['proxy_buffering on', 'proxy_ignore_headers X-Accel-Buffering'] as const;
const GZIP = ['gzip on', 'gzip_min_length 1', 'gzip_types text/event-stream application/json'] as const;

const scenes: Scene[] = [
  { name: 'WebSockets pass', directives: UPGRADES, ways: ['websocket'] },
  { name: 'no upgrade headers', directives: [], ways: ['sse'] },
  {
    name: 'no upgrade headers, HTTP/1.0 to the server',
    directives: ['proxy_http_version 1.0'],
    ways: ['sse'],
  },
  { name: 'gzip for event streams', directives: GZIP, ways: ['sse'] },
  // A chunk of HTTP/1.1 is a buffer of its own, and some versions of nginx hand on each at once.
  { name: 'buffering forced on', directives: BUFFERING, ways: ['sse', 'polling'] },
  { name: 'buffering forced on, and gzip', directives: [...BUFFERING, ...GZIP], ways: ['sse', 'polling'] },
  // Without chunks a buffer goes on when it is full, and not before.
  {
    name: 'buffering forced on, HTTP/1.0 to the server',
    directives: [...BUFFERING, 'proxy_http_version 1.0'],
    ways: ['polling'],
  },
  {
    name: 'a read time-out of 10 s, and a heartbeat of 5 s',
    directives: [...UPGRADES, 'proxy_read_timeout 10s'],
    heartbeat: 5_000,
    pause: 12_000,
    ways: ['websocket'],
  },
  {
    name: 'a read time-out of 10 s, and a heartbeat of 15 s',
    directives: [...UPGRADES, 'proxy_read_timeout 10s'],
    pause: 12_000,
    ways: ['websocket'],
    cut: true,
  },
  {
    name: 'a read time-out of 10 s, a heartbeat of 15 s, and event streams',
    directives: ['proxy_read_timeout 10s'],
    pause: 12_000,
    ways: ['sse'],
    cut: true,
  },
];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe.concurrent('behind nginx', () => {
  it.concurrent.each(scenes)(
    '$name: live within 10 s, and nothing lost',
    { timeout: 60_000 },
    async ({ directives, heartbeat = 15_000, pause = 0, ways, cut = false }) => {
      const hub = createHub({ heartbeat });
      const board = hub.state('board', { count: 0, log: [] as number[] });
      await using server = await listen((request, response) => void hub.handle(request, response));
      await using nginx = await startNginx(server.origin, directives);
      const sync = connect(`${nginx.origin}/sync`, { WebSocket });
      const replica = sync.replica<{ count: number; log: number[] }>('board');
      const up: unknown[] = [];
      const down: unknown[] = [];
      let session: Session | undefined;
      let hellos = 0;
      hub.on('up', (from, data) => {
        session = from;
        up.push(data);
      });
      sync.on('down', (data) => down.push(data));
      sync.onFrame((frame) => 'hello' in frame && hellos++);
      replica.subscribe(() => {});
      let sent = 0;
      let told = 0;
      const talk = async (times: number): Promise<void> => {
        for (let i = 0; i < times; i++) {
          board.update((draft) => void draft.log.push(++draft.count));
          sync.emit('up', ++sent);
          session?.emit('down', ++told);
          await sleep(50);
        }
      };
      const live = async (): Promise<void> => {
        const wanted = JSON.stringify(board.get());
        for (
          const end = performance.now() + 30_000;
          JSON.stringify(replica.get()) !== wanted;
          await sleep(20)
        ) {
          if (performance.now() > end) throw new Error(`not live: ${JSON.stringify(sync.status.get())}`);
        }
      };
      try {
        await live();
        const way = sync.status.get().transport as Way;
        expect(ways).toContain(way);
        const right = { state: 'open', transport: way, reason: REASONS[way] };
        expect(sync.status.get()).toMatchObject(right);
        await talk(40);
        const before = hellos;
        await sleep(pause);
        await talk(10);
        await live();
        if (cut) expect(hellos).toBeGreaterThan(before);
        else expect(hellos).toBe(before);
        for (const end = Date.now() + 30_000; (up.length < sent || down.length < told) && Date.now() < end;) {
          await sleep(20);
        }
        expect(up).toEqual(upTo(sent));
        expect(down).toEqual(upTo(told));
        expect(sync.dropped.get()).toBe(0);
        expect(sync.status.get()).toMatchObject(right);
      } finally {
        sync.close();
        await hub.close();
      }
    },
  );
});

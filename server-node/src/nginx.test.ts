/** Behind a real nginx, configured in the ways that users meet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from '@velox/core';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createHub, type Session } from './index.js';
import { listen } from './testing/listen.js';
import { startNginx } from './testing/nginx.js';

const UPGRADES = ['proxy_set_header Upgrade $http_upgrade', 'proxy_set_header Connection "upgrade"'] as const;

interface Scene {
  readonly name: string;
  readonly directives: readonly string[];
  /** Ms; default 15,000. */
  readonly heartbeat?: number;
  /** Ms without any change or event, in the middle. */
  readonly pause?: number;
  /** Those that may be in use; which one buffering leaves open differs between versions of nginx. */
  readonly transport: RegExp;
  /** Whether the link has to survive the pause. */
  readonly survives?: boolean;
}

const scenes: Scene[] = [
  { name: 'WebSockets pass', directives: UPGRADES, transport: /^websocket$/ },
  { name: 'no upgrade headers', directives: [], transport: /^sse$/ },
  {
    name: 'no upgrade headers, HTTP/1.0 to the server',
    directives: ['proxy_http_version 1.0'],
    transport: /^sse$/,
  },
  {
    name: 'gzip for event streams',
    directives: ['gzip on', 'gzip_min_length 1', 'gzip_types text/event-stream application/json'],
    transport: /^sse$/,
  },
  {
    name: 'buffering forced on',
    directives: ['proxy_buffering on', 'proxy_ignore_headers X-Accel-Buffering'],
    transport: /^(sse|polling)$/,
  },
  {
    name: 'buffering forced on, and gzip',
    directives: [
      'proxy_buffering on',
      'proxy_ignore_headers X-Accel-Buffering',
      'gzip on',
      'gzip_min_length 1',
      'gzip_types text/event-stream application/json',
    ],
    transport: /^(sse|polling)$/,
  },
  {
    name: 'a read time-out of 10 s, and a heartbeat of 5 s',
    directives: [...UPGRADES, 'proxy_read_timeout 10s'],
    heartbeat: 5_000,
    pause: 12_000,
    transport: /^websocket$/,
    survives: true,
  },
  {
    name: 'a read time-out of 10 s, and a heartbeat of 15 s',
    directives: [...UPGRADES, 'proxy_read_timeout 10s'],
    pause: 12_000,
    transport: /^websocket$/,
  },
  {
    name: 'a read time-out of 10 s, a heartbeat of 15 s, and event streams',
    directives: ['proxy_read_timeout 10s'],
    pause: 12_000,
    transport: /^sse$/,
  },
];

const upTo = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 1);

describe.concurrent('behind nginx', () => {
  it.concurrent.each(scenes)(
    '$name: live within 10 s, and nothing lost',
    { timeout: 60_000 },
    async ({ directives, heartbeat = 15_000, pause = 0, transport, survives }) => {
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
        const wanted = board.text();
        for (
          const end = performance.now() + 10_000;
          JSON.stringify(replica.get()) !== wanted;
          await sleep(20)
        ) {
          if (performance.now() > end) throw new Error(`not live: ${JSON.stringify(sync.status.get())}`);
        }
      };
      try {
        await live();
        expect(sync.status.get()).toMatchObject({
          state: 'open',
          transport: expect.stringMatching(transport) as string,
        });
        await talk(40);
        const before = hellos;
        await sleep(pause);
        await talk(10);
        await live();
        if (survives) expect(hellos).toBe(before);
        for (const end = Date.now() + 10_000; (up.length < sent || down.length < told) && Date.now() < end;) {
          await sleep(20);
        }
        expect(up).toEqual(upTo(sent));
        expect(down).toEqual(upTo(told));
        expect(sync.dropped.get()).toBe(0);
        expect(sync.status.get().transport).toMatch(transport);
      } finally {
        sync.close();
        await hub.close();
      }
    },
  );
});

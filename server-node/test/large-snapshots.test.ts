/** Snapshots that are compressed off the loop, over real connections, while their state goes on changing. */
import { randomBytes } from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as delay } from 'node:timers/promises';
import zlib from 'node:zlib';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { rawGzipStream } from './rig/gzip-stream.js';
import { listen, type Listening } from './rig/listen.js';
import { rawSubscribe, type Frame, type RawLink } from './rig/raw-client.js';

const LARGE = `${randomBytes(200_000).toString('base64')}${'text '.repeat(100_000)}`;

interface Board {
  n: number;
  large: string;
}

const LINKS: Readonly<Record<string, (url: string, ...topics: object[]) => RawLink>> = {
  websocket: rawSubscribe,
  'gzip event stream': rawGzipStream,
};

function open(link: RawLink): RawLink {
  onTestFinished(() => link.close());
  return link;
}

async function served(): Promise<{ hub: velox.Hub; board: velox.State<Board>; server: Listening }> {
  const hub = velox.createHub();
  const start: Board = { n: 0, large: LARGE };
  const board = hub.state('', start);
  const server = await listen(hub.handle);
  onTestFinished(() => server.close());
  return { hub, board, server };
}

/** Counts the compressions off the loop. */
function compressions(): { readonly count: number } {
  const spy = vi.spyOn(zlib, 'deflateRaw');
  syncBuiltinESMExports();
  onTestFinished(() => {
    spy.mockRestore();
    syncBuiltinESMExports();
  });
  return {
    get count() {
      return spy.mock.calls.length;
    },
  };
}

const isState = (frame: Frame): boolean => 'version' in frame;

describe.each(Object.entries(LINKS))('over a %s, a snapshot of 700 KB', (_, connect) => {
  it('is followed by all later changes without a gap', async () => {
    const { board, server } = await served();
    const links = Array.from({ length: 5 }, () => open(connect(server.origin)));
    const changing = (async () => {
      for (let n = 1; n <= 60; n++) {
        board.update((draft) => void (draft.n = n));
        await delay(3);
      }
    })();
    for (const link of links) {
      const snapshot = await link.find(isState);
      expect(snapshot).toHaveProperty('body.large', LARGE);
      let { version } = snapshot as { version: number };
      let { n } = snapshot.body as Board;
      while (n < 60) {
        const frame = (await link.find(isState)) as {
          version: number;
          from?: number;
          body: { value: number }[];
        };
        expect(frame).toHaveProperty('delta', true);
        expect(frame.from ?? frame.version - 1).toBe(version);
        version = frame.version;
        n = frame.body.at(-1)?.value ?? n;
      }
    }
    await changing;
  });

  it('is not overtaken by an event that was emitted after a change', async () => {
    const { hub, board, server } = await served();
    hub.on('change', (session) => {
      board.update((draft) => void draft.n++);
      session.emit('changed', board.get().n);
    });
    const link = open(connect(server.origin));
    await link.find((frame) => 'hello' in frame);
    link.send({ event: 'change', data: null, seq: 1 });
    await link.find((frame) => 'event' in frame);
    const before = link.frames.slice(
      0,
      link.frames.findIndex((frame) => 'event' in frame),
    );
    const last = before.filter(isState).at(-1) as { body: Board | { value: number }[] };
    expect(Array.isArray(last.body) ? last.body.at(-1)?.value : last.body.n).toBe(1);
  });

  it('is compressed once for all clients at one version, also for those that name a lost position', async () => {
    const { server } = await served();
    const counted = compressions();
    const links = Array.from({ length: 10 }, (_, at) =>
      open(connect(server.origin, { topic: '', ...(at % 2 && { id: `foreign-${at}`, version: at }) })),
    );
    for (const link of links) expect(await link.find(isState)).toHaveProperty('body.large', LARGE);
    expect(counted.count).toBe(1);
  });

  it('leaves uncompressed before the goodbye if the hub closes meanwhile', async () => {
    const { hub, server } = await served();
    const link = open(connect(server.origin));
    await link.find((frame) => 'hello' in frame);
    const closing = hub.close();
    expect(await link.find(isState)).toHaveProperty('body.large', LARGE);
    expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code: 'going-away' } });
    await closing;
  });

  it('takes a long step after a resume in the same way', async () => {
    const { board, server } = await served();
    const first = open(connect(server.origin));
    const { id, version } = await first.find(isState);
    first.close();
    const next = `${'other '.repeat(50_000)}${LARGE.slice(0, 100_000)}`;
    board.update((draft) => void (draft.large = next));
    const counted = compressions();
    const second = open(connect(server.origin, { topic: '', id, version }));
    const frame = await second.find(isState);
    const { body } = frame as { body: Board | { value: string }[] };
    expect(Array.isArray(body) ? body[0]?.value : body.large).toBe(next);
    expect(counted.count).toBe(1);
  });
});

it('a client that leaves while its snapshot is compressed harms no neighbour', async () => {
  const { server } = await served();
  const links = Array.from({ length: 10 }, () => rawSubscribe(server.origin));
  for (const link of links) await link.find((frame) => 'hello' in frame);
  for (const link of links) link.close();
  const neighbour = open(rawSubscribe(server.origin));
  expect(await neighbour.find(isState)).toHaveProperty('body.large', LARGE);
});

it('the value as JSON is the same bytes for all plain GETs of a version', async () => {
  const { server } = await served();
  const texts = await Promise.all(
    Array.from({ length: 5 }, async () =>
      (await fetch(server.origin, { headers: { accept: 'application/json' } })).text(),
    ),
  );
  expect(new Set(texts).size).toBe(1);
  expect(JSON.parse(texts[0] as string)).toHaveProperty('body.large', LARGE);
});

/** A link before the code is there that checks most frames. `hostile-server.test.ts` tests what happens after. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CloseReason, Link } from '../connection/transport.js';
import type { ServerFrame } from '../protocol/frames.js';
import type { Reporter } from './define.js';

const limits = { frame: 1, depth: 1, rate: 1 };
const hello = { protocol: 3, session: 's', heartbeat: 15_000, ack: 0, link: 1, limits };

beforeEach(() => void vi.resetModules());
afterEach(() => void vi.doUnmock('../platform/load.js'));

/** A link, and everything that it reported. */
async function setUp() {
  const { defineTransport } = await import('./define.js');
  const log: (ServerFrame | CloseReason)[] = [];
  let reporter!: Reporter;
  const transport = defineTransport('test', (_, given) => {
    reporter = given;
    return () => {};
  });
  const link: Link = transport(
    { url: 'http://h/', headers: {}, open: [] },
    {
      onOpen() {},
      onByte() {},
      onFrame: (frame) => void log.push(frame),
      onClose: (reason) => void log.push(reason),
    },
  );
  const say = (...frames: object[]): void =>
    frames.forEach((frame) => reporter.onMessage(JSON.stringify(frame)));
  return { log, link, reporter, say };
}
const loading = (): Promise<void> => vi.dynamicImportSettled();

it('takes hello and values before the code is loaded', async () => {
  const { log, say } = await setUp();
  const frames = [
    { hello },
    { id: 'a', version: 1, body: null },
    { topic: 't', id: 'a', version: 7, proof: 'p' },
  ];
  say(...frames);
  expect(log).toEqual(frames);
});

it('takes all other frames in their order once the code is loaded, and the end of the link after them', async () => {
  const { log, reporter, say } = await setUp();
  const frames = [{ event: 'e', data: 1 }, { id: 'a', version: 1, body: 1 }, { ping: true }];
  const lost = { code: 'lost', message: 'closed' } as const;
  say({ hello }, ...frames);
  reporter.onClose(lost);
  expect(log).toEqual([{ hello }]);
  await loading();
  expect(log).toEqual([{ hello }, ...frames, lost]);
});

it('forgets the frames that wait when the link is closed', async () => {
  const { log, link, say } = await setUp();
  say({ hello }, { event: 'e', data: 1 });
  link.close();
  await loading();
  expect(log).toEqual([{ hello }]);
});

it.each([
  'null',
  '5',
  '"x"',
  '[]',
  '[{"ping":true}]',
  '{',
  '{"hello":null}',
  JSON.stringify({ hello: { ...hello, limits: {} } }),
  JSON.stringify({ hello: { ...hello, session: 5 } }),
  JSON.stringify({ hello: { ...hello, dropped: {} } }),
  '{"id":"a","version":1.5,"body":1}',
  '{"id":5,"version":1,"body":1}',
  '{"id":"a","version":1,"body":1,"made":5}',
])('ends as bad-frame before the code is loaded: %s', async (text) => {
  const { log, reporter, say } = await setUp();
  reporter.onMessage(text);
  say({ hello });
  await loading();
  expect(log).toEqual([expect.objectContaining({ code: 'bad-frame', text })]);
});

it('ends as bad-frame before the code is loaded: 2,100 levels', async () => {
  const { log, reporter } = await setUp();
  reporter.onMessage(`{"id":"a","version":1,"body":${'['.repeat(2_100)}${']'.repeat(2_100)}}`);
  await loading();
  expect(log).toMatchObject([{ code: 'bad-frame' }]);
});

it('goes on without the check when the code cannot be loaded', async () => {
  const load = (): Promise<never> => Promise.reject(new Error('Failed to fetch'));
  vi.doMock('../platform/load.js', () => ({ loaded: undefined, load }));
  const { log, say } = await setUp();
  say({ hello }, { event: 'e', data: 1 }, { event: 'e', data: 2 });
  await vi.waitFor(() => expect(log).toHaveLength(3));
  say({ event: 'e', data: 3 });
  await vi.waitFor(() => expect(log.at(-1)).toEqual({ event: 'e', data: 3 }));
});

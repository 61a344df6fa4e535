/** Faults that were accepted in silence: each is said once, to the logger or as a warning of the process. */
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe, rawWebSocket } from './rig/raw-client.js';

interface Case {
  readonly event: string;
  readonly advice: RegExp;
  readonly fields: object;
  /** Makes the fault happen. */
  readonly act: (hub: velox.Hub, origin: string) => unknown;
}

const CASES: Record<string, Case> = {
  'a topic that is published twice': {
    event: 'replaced topic',
    advice: /topic "board" was published twice.*hub\.remove\("board"\)/,
    fields: { topic: 'board' },
    act: (hub) => [hub.state('board', { a: 1 }), hub.state('board', { a: 2 })],
  },
  'an event without a handler': {
    event: 'unhandled event',
    advice: /event "chat", which has no handler.*hub\.on\("chat", …\)/,
    fields: { name: 'chat', identity: 'ann' },
    async act(_, origin) {
      const link = rawSubscribe(origin);
      onTestFinished(() => link.close());
      link.send({ event: 'chat', data: 1, seq: 1 });
      link.send({ ping: true });
      await link.find((frame) => 'ping' in frame);
    },
  },
  'an origin that is refused': {
    event: 'refused origin',
    advice: /page of https:\/\/evil\.example was refused.*`origins`/,
    fields: { origin: 'https://evil.example' },
    act: (_, origin) => rawWebSocket(origin, { origin: 'https://evil.example' }).whenEnded(),
  },
};

const options: velox.HubOptions = { authorize: () => 'ann', identify: () => 'ann' };

describe.each(Object.entries(CASES))('%s', (_, { event, advice, fields, act }) => {
  it('is one entry of the log', async () => {
    const entries: velox.LogEntry[] = [];
    const hub = velox.createHub({ ...options, logger: (entry) => void entries.push(entry) });
    await using server = await listen(hub.handle);
    await act(hub, server.origin);
    await act(hub, server.origin);
    expect(entries).toEqual([
      { level: 'warn', event, advice: expect.stringMatching(advice) as string, ...fields },
    ]);
  });

  it.each([
    ['development', 1],
    ['production', 0],
  ])('without a logger, in %s, is so many warnings: %d', async (environment, count) => {
    vi.stubEnv('NODE_ENV', environment);
    onTestFinished(() => void vi.unstubAllEnvs());
    const warned = vi.spyOn(process, 'emitWarning').mockReturnValue();
    onTestFinished(() => void warned.mockRestore());
    const hub = velox.createHub(options);
    await using server = await listen(hub.handle);
    await act(hub, server.origin);
    await act(hub, server.origin);
    expect(warned.mock.calls.map(([text]) => text)).toEqual(
      Array.from({ length: count }, () => expect.stringMatching(advice) as string),
    );
  });
});

it('is not repeated for more than 100 different names that clients choose', async () => {
  const logger = vi.fn();
  const hub = velox.createHub({ logger });
  await using server = await listen(hub.handle);
  const link = rawSubscribe(server.origin);
  onTestFinished(() => link.close());
  for (let seq = 1; seq <= 150; seq++) link.send({ event: `e${seq}`, data: 1, seq });
  link.send({ ping: true });
  await link.find((frame) => 'ping' in frame);
  expect(logger).toHaveBeenCalledTimes(100);
});

describe('an entry of the log', () => {
  it('shows its error in JSON, and names topic and identity', async () => {
    const texts: string[] = [];
    const cause = new TypeError('of the database');
    const hub = velox.createHub({
      ...options,
      canSubscribe: () => {
        throw new Error('of the application', { cause });
      },
      logger: (entry) => void texts.push(JSON.stringify(entry)),
    });
    hub.state('board', {});
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin, { topic: 'board' });
    onTestFinished(() => link.close());
    await link.find((frame) => 'denied' in frame);
    expect(texts.map((text) => JSON.parse(text) as unknown)).toEqual([
      {
        level: 'error',
        event: 'callback failed',
        topic: 'board',
        identity: 'ann',
        error: {
          name: 'Error',
          message: 'of the application',
          stack: expect.stringContaining('said-once.test.ts') as string,
          cause: expect.objectContaining({ name: 'TypeError', message: 'of the database' }) as object,
        },
      },
    ]);
  });

  it('names the event and the identity of a handler that fails', async () => {
    const entries: velox.LogEntry[] = [];
    const hub = velox.createHub({ ...options, logger: (entry) => void entries.push(entry) });
    const error = new Error('of the handler');
    hub.on('chat', () => Promise.reject(error));
    await using server = await listen(hub.handle);
    const link = rawSubscribe(server.origin);
    onTestFinished(() => link.close());
    link.send({ event: 'chat', data: 1, seq: 1 });
    await vi.waitFor(() => expect(entries).toHaveLength(1));
    expect(entries[0]).toEqual({
      level: 'error',
      event: 'callback failed',
      error,
      name: 'chat',
      identity: 'ann',
    });
  });
});

/** The server examples of the README run and behave as described. */
import { createServer, type RequestListener } from 'node:http';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { runInNewContext } from 'node:vm';
import { connect } from '@velox/core';
import express from 'express';
import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import { listen } from '../server-node/test/rig/listen.js';
import { rawStream } from '../server-node/test/rig/raw-client.js';

const isState = (frame: object): boolean => 'version' in frame;
const readmeOf = (folder: string): string =>
  readFileSync(resolve(import.meta.dirname, '..', folder, 'README.md'), 'utf8');

afterEach(() => void vi.restoreAllMocks());

it('the server of the five minutes sends its value, and then a delta every second', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  onTestFinished(() => void vi.useRealTimers());
  let app: RequestListener | undefined;
  const notice = vi.spyOn(express.application, 'listen').mockImplementation(function (this: unknown) {
    app = this as RequestListener;
    return createServer();
  });
  await import('readme:server.js');
  expect(notice).toHaveBeenCalledExactlyOnceWith(8080);
  await using server = await listen(app as RequestListener);
  const stream = rawStream(`${server.origin}/sync`); // as curl does
  expect(await stream.next()).toHaveProperty('hello');
  const first = await stream.next();
  expect(first).toMatchObject({ body: { rows: [{ id: 1 }, { id: 2, price: 12 }, { id: 3 }] } });
  for (const price of [13, 14]) {
    vi.advanceTimersByTime(1_000);
    expect(await stream.find(isState)).toMatchObject({
      delta: true,
      body: [{ op: 'replace', path: '/rows/1/price', value: price }],
    });
  }
  const shown = readmeOf('.').match(/^data: (\{"version".*\})$/m)?.[1] ?? '';
  expect(Object.keys(JSON.parse(shown) as object)).toEqual(['version', 'delta', 'body']);
});

it('the live value is used like the object that it is', async () => {
  const chat = (await import('readme:chat.js')) as {
    chat: { title: string };
    handle: RequestListener;
    join: (name: string) => void;
    leave: (name: string) => void;
    page: () => string;
  };
  await using server = await listen(chat.handle);
  const sync = connect(server.origin, { transport: 'sse' });
  onTestFinished(sync.close);
  const frames: object[] = [];
  sync.onFrame((frame) => isState(frame) && frames.push(frame));
  const replica = sync.replica<{ title: string; users: object; lines: string[] }>();
  replica.subscribe(() => undefined);
  const shows = (wanted: object) => vi.waitFor(() => expect(replica.get()).toEqual(wanted));
  await shows({ title: 'Harbour', users: {}, lines: [] });
  chat.join('Ann');
  const since = expect.any(Number) as number;
  await shows({ title: 'Harbour', users: { Ann: { name: 'Ann', since } }, lines: ['Ann has come'] });
  const before = frames.length;
  chat.chat.title = 'Port';
  chat.leave('Ann');
  await shows({ title: 'Port', users: {}, lines: ['Ann has come', 'Ann has left'] });
  expect(frames.length).toBe(before + 1);
  const window: { chat?: { body: unknown } } = {};
  runInNewContext(chat.page().replace(/<\/?script>/g, ''), { window });
  expect(window.chat?.body).toEqual(replica.get());
});

it.each(['react', 'vue', 'svelte', 'angular'])(
  'the example of the package for %s is in the README, whose examples run',
  (name) => {
    const blocks = readmeOf(`adapters/${name}`).match(/^```(?!sh)\w+\n[\s\S]*?^```$/gm) ?? [];
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) expect(readmeOf('.')).toContain(block);
  },
);

it.each(['core', 'server-node', 'adapters/react', 'adapters/vue', 'adapters/svelte', 'adapters/angular'])(
  '%s is under the licence of the project',
  (folder) => {
    const text = (at: string): string =>
      readFileSync(resolve(import.meta.dirname, '..', at, 'LICENSE'), 'utf8');
    expect(text(folder)).toBe(text('.'));
  },
);

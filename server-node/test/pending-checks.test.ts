/** Frames that wait for an asynchronous schema: they are acknowledged when they are checked, so another server may execute them. */
import { setTimeout as delay } from 'node:timers/promises';
import { connect } from '@velox/core';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawWebSocket, type Frame } from './rig/raw-client.js';
import { RAW } from './rig/raw-requests.js';

/** A schema whose checks end when the test says so. */
function gate() {
  const waiting: (() => void)[] = [];
  const schema: velox.StandardSchema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => new Promise((resolve) => waiting.push(() => resolve({ value }))),
    },
  };
  return {
    schema,
    /** Resolves when a check waits. */
    asked: () => vi.waitFor(() => expect(waiting).not.toEqual([])),
    /** Ends the oldest check, and waits until its event would have been handled. */
    end: async () => {
      waiting.shift()?.();
      await delay(5);
    },
  };
}

function start() {
  const { schema, ...checks } = gate();
  const heard: unknown[] = [];
  const hub = velox.createHub({ onUnknown: (_, name) => heard.push(name) });
  hub.state('', {});
  hub.on('note', (_, data) => heard.push(data));
  hub.on('checked', () => heard.push('without a schema'));
  hub.on('checked', schema, (_, data) => heard.push(data));
  hub.answer('checked call', schema, (_, data) => heard.push(data));
  onTestFinished(() => hub.close());
  return { hub, heard, ...checks };
}

/** The numbers that were acknowledged, up to the goodbye. */
function acknowledged(frames: readonly Frame[]): unknown[] {
  const end = frames.findIndex((frame) => 'bye' in frame);
  return frames.slice(0, end < 0 ? undefined : end).flatMap(({ ack }) => (ack === undefined ? [] : [ack]));
}

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  it('a hub that closes leaves a frame that it still checks, and all behind it, to the next server', async () => {
    const { hub, heard, asked, end } = start();
    await using server = await listen(hub.handle);
    const link = RAW[transport](server.origin);
    await link.find((frame) => 'hello' in frame);
    link.send({ event: 'note', data: 1, seq: 1 });
    link.send({ event: 'checked', data: 2 });
    await asked();
    link.send({ event: 'note', data: 3 });
    link.send({ event: 'unknown', data: 4 });
    link.send({ event: 'checked call', data: 5, call: 1 });
    link.send({ ping: true, ack: true });
    await link.find((frame) => 'ping' in frame);
    void hub.close();
    await link.find((frame) => 'bye' in frame);
    expect(Math.max(...(acknowledged(link.frames) as number[]))).toBe(1);
    await end();
    expect(heard).toEqual([1]);
    link.close();
  });

  it('a frame is acknowledged after its check if an acknowledgement has left it out', async () => {
    const { hub, heard, asked, end } = start();
    await using server = await listen(hub.handle);
    const link = RAW[transport](server.origin);
    await link.find((frame) => 'hello' in frame);
    link.send({ event: 'checked', data: 1, seq: 1 });
    link.send({ ping: true, ack: true });
    await asked();
    expect(await link.find(({ ack }) => ack !== undefined)).toEqual({ ack: 0 });
    await end();
    await link.find(({ ack }) => ack === 1);
    expect(heard).toEqual(['without a schema', 1]);
    link.close();
  });
});

it('an event that waits for the checks before it longer than `limits.handshake` is handled all the same', async () => {
  const schema: velox.StandardSchema = {
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value: unknown) => new Promise((resolve) => setTimeout(resolve, 60, { value })),
    },
  };
  const handled: unknown[] = [];
  const hub = velox.createHub({ limits: { handshake: 1_000 } });
  hub.on('save', schema, (_, data) => handled.push(data));
  onTestFinished(() => hub.close());
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  await link.find((frame) => 'hello' in frame);
  const all = Array.from({ length: 25 }, (_, n) => n);
  for (const data of all) link.send({ event: 'save', data, seq: data + 1 });
  link.send({ ping: true, ack: true });
  await vi.waitFor(() => expect(handled).toEqual(all), 10_000);
  link.close();
});

it('a client is not read while more than 100 of its values wait for a check', async () => {
  const { heard, asked, end, hub } = start();
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  await link.find((frame) => 'hello' in frame);
  for (let n = 1; n <= 110; n++) link.send({ event: 'note', data: n, seq: n });
  link.send({ event: 'checked', data: 0, seq: 111 });
  await asked();
  for (let n = 112; n <= 215; n++) link.send({ event: 'note', data: n, seq: n });
  link.send({ ping: true });
  await delay(100);
  expect(link.frames.filter((frame) => 'ping' in frame)).toEqual([]);
  await end();
  await link.find((frame) => 'ping' in frame);
  expect(heard).toHaveLength(110 + 2 + 104);
  link.close();
});

it('a client that resumes while a frame is checked sends it again, and it is executed once', async () => {
  const { hub, heard, asked, end } = start();
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  link.send({ open: {} });
  const { hello } = (await link.next()) as { hello: { session: string } };
  link.send({ event: 'checked', data: 1, seq: 1 });
  await asked();
  link.close();
  const next = rawWebSocket(server.origin);
  next.send({ open: { session: hello.session } });
  expect(await next.next()).toMatchObject({ hello: { session: hello.session, ack: 0 } });
  next.send({ event: 'checked', data: 1, seq: 1 });
  next.send({ ping: true, ack: true });
  await next.find((frame) => 'ping' in frame);
  await end();
  expect(await next.find(({ ack }) => ack === 1)).toEqual({ ack: 1 });
  expect(heard).toEqual(['without a schema', 1]);
  next.close();
});

it.each(['websocket', 'sse', 'polling'] as const)(
  'an event that is checked when its server restarts is handled once, by the next server, over %s',
  async (transport) => {
    const schema: velox.StandardSchema = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value: unknown) => {
          await delay(100);
          return { value };
        },
      },
    };
    const handled: string[] = [];
    const create = (name: string): velox.Hub => {
      const hub = velox.createHub();
      hub.on('save', schema, (_, data) => handled.push(`${name} ${String(data)}`));
      return hub;
    };
    let hub = create('first');
    await using server = await listen((request, response) => void hub.handle(request, response));
    const sync = connect(server.origin, { transport, WebSocket });
    onTestFinished(() => sync.close());
    sync.on('any', () => undefined);
    await vi.waitFor(() => expect(sync.status.get().state).toBe('open'), 5_000);
    for (const n of [1, 2, 3]) sync.emit('save', n);
    await delay(30);
    const former = hub;
    hub = create('second');
    onTestFinished(() => hub.close());
    await former.close();
    await vi.waitFor(() => expect(handled).toHaveLength(3), 10_000);
    await delay(300);
    expect(handled).toEqual(['second 1', 'second 2', 'second 3']);
    expect(sync.dropped.get()).toBe(0);
  },
);

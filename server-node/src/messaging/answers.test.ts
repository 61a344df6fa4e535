import { describe, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../index.js';
import { MadeCalls } from '../sessions/made-calls.js';
import type { LocalState } from '../state/local-state.js';
import { listen } from '../../test/rig/listen.js';
import { rawWebSocket, type RawLink } from '../../test/rig/raw-client.js';

const NEVER = new Promise<never>(() => undefined);

async function open(origin: string): Promise<RawLink> {
  const link = rawWebSocket(origin);
  onTestFinished(() => link.close());
  link.send({ open: {} });
  await link.next();
  return link;
}

describe('a client that uses the number of a running call again', () => {
  it.each(['wait', '$join'])(
    'is closed with bad-frame, so limits.calls holds, for the call %s',
    async (name) => {
      const signals: AbortSignal[] = [];
      const hub = velox.createHub({ canJoin: () => NEVER });
      hub.answer('wait', (_, _data, { signal }) => (signals.push(signal), NEVER));
      await using server = await listen(hub.handle);
      const link = await open(server.origin);
      for (const seq of [1, 2]) link.send({ event: name, data: `${seq}`, call: 7, seq });
      expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code: 'bad-frame' } });
      expect(await link.whenEnded()).toBe('closed 4400 bad-frame');
      expect(signals.map(({ aborted }) => aborted)).toEqual(name === 'wait' ? [true] : []);
    },
  );

  it('is refused with 400 in the POST that opens its session', async () => {
    const hub = velox.createHub();
    hub.answer('wait', () => NEVER);
    const calls = [1, 2].map((seq) => ({ event: 'wait', data: null, call: 7, seq }));
    const request = new Request('http://localhost/?velox=3', {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: JSON.stringify([{ open: {} }, ...calls]),
    });
    const answer = await hub.fetch(request);
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: { code: 'bad-frame' } }]);
    expect(hub.stats().sessions).toBe(0);
  });
});

it('the same number is taken in another session, and for a call that is sent twice with one `seq`', async () => {
  const hub = velox.createHub();
  const ran = vi.fn(() => NEVER);
  hub.answer('wait', ran);
  await using server = await listen(hub.handle);
  const links = [await open(server.origin), await open(server.origin)];
  for (const link of links) {
    for (let n = 0; n < 2; n++) link.send({ event: 'wait', data: null, call: 7, seq: 1 });
    link.send({ ping: true });
    expect(await link.next()).toEqual({ ping: true });
  }
  expect(ran).toHaveBeenCalledTimes(2);
});

it('optimistic calls leave nothing behind if their client uses one number for all, one after the other', async () => {
  const runs = vi.spyOn(MadeCalls.prototype, 'run');
  onTestFinished(() => void vi.restoreAllMocks());
  const hub = velox.createHub({ patience: 0 });
  const board = hub.state('board', { n: 0 });
  hub.answer('add', () => void board.update((draft) => void draft.n++));
  await using server = await listen(hub.handle);
  const link = await open(server.origin);
  for (let seq = 1; seq <= 5; seq++) {
    link.send({ event: 'add', data: null, call: 7, made: true, seq });
    expect(await link.next()).toMatchObject({ reply: 7 });
  }
  expect(runs).toHaveBeenCalledTimes(5);
  const [calls] = runs.mock.contexts as [MadeCalls];
  const remembered = (): number[] => calls.within(board as LocalState<unknown>, 0, Infinity);
  expect(remembered()).toEqual([7]);
  hub.sessions()[0]?.close();
  await link.whenEnded();
  expect(remembered()).toEqual([]);
});

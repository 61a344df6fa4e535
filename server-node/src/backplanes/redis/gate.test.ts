import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Gate } from './gate.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** The commands of an outage. */
const COMMANDS = 20_000;
/** The most that the heap may keep, in bytes for each command. */
const MOST_KEPT = 50;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }));
afterEach(() => void vi.useRealTimers());

/** A gate, the state of its client, and a command that records that it was sent. */
function createGate() {
  const client = { isAway: true };
  const sent: string[] = [];
  const send = (name: string) => (): Promise<string> => {
    sent.push(name);
    return Promise.resolve(name);
  };
  return { client, gate: new Gate(() => client.isAway), sent, send };
}

async function heap(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve)); // weak references end with their turn
  }
  return process.memoryUsage().heapUsed;
}

describe('the gate of a client of Redis', () => {
  it('keeps nothing of commands that have timed out while the connection is away', async () => {
    const { client, gate, sent, send } = createGate();
    vi.useRealTimers(); // the others are slow with so many
    const outage = async (): Promise<void> => {
      const calls = Array.from({ length: COMMANDS }, () => gate.pass(send('late'), 1));
      for (const { status } of await Promise.allSettled(calls)) expect(status).toBe('rejected');
    };
    const waiting = gate.pass(send('endless'), Infinity); // it is there all the time, as the question for evictions is
    await outage(); // code and shapes
    const before = await heap();
    await outage();
    expect((await heap()) - before).toBeLessThan(COMMANDS * MOST_KEPT);
    client.isAway = false;
    gate.open();
    await waiting;
    expect(sent).toEqual(['endless']);
  });

  it('sends waiting commands before each command that comes after the connection', async () => {
    const { client, gate, sent, send } = createGate();
    const all = ['a', 'b', 'c'].map((name) => gate.pass(send(name)));
    client.isAway = false;
    gate.open();
    const names = Array.from({ length: 20 }, (_, n) => `${n}`);
    for (const name of names) {
      all.push(gate.pass(send(name)));
      await Promise.resolve();
    }
    await Promise.all(all);
    expect(sent).toEqual(['a', 'b', 'c', ...names]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('sends waiting commands before a command that comes before the event of the connection', async () => {
    const { client, gate, sent, send } = createGate();
    const first = gate.pass(send('first'));
    client.isAway = false;
    await Promise.all([gate.pass(send('second')), first]);
    expect(sent).toEqual(['first', 'second']);
  });

  it('keeps commands waiting if the connection is lost again before its event', async () => {
    const { gate, sent, send } = createGate();
    const result = expect(gate.pass(send('a'))).rejects.toMatchObject({ code: 'timeout' });
    gate.open();
    await vi.advanceTimersByTimeAsync(2_000);
    await result;
    expect(sent).toEqual([]);
  });

  it('leaves commands to a client that has given up, which rejects them', async () => {
    const { client, gate } = createGate();
    const closed = new Error('Connection is closed.');
    const refuse = (): Promise<never> => Promise.reject(closed);
    const first = gate.pass(refuse).catch((error: unknown) => error);
    client.isAway = false;
    await expect(gate.pass(refuse)).rejects.toBe(closed);
    expect(await first).toBe(closed);
  });

  it('rejects with an error of the client, and sends the other commands', async () => {
    const { client, gate, sent, send } = createGate();
    const broken = gate.pass((): Promise<never> => {
      throw new Error('broken');
    });
    const second = gate.pass(send('second'));
    client.isAway = false;
    gate.open();
    await expect(broken).rejects.toThrow('broken');
    await second;
    expect(sent).toEqual(['second']);
  });

  it('rejects with the last error of the client since it was connected as the cause', async () => {
    const { client, gate, send } = createGate();
    const rejection = async (): Promise<unknown> => {
      const result = gate.pass(send('a')).catch((error: unknown) => error);
      await vi.advanceTimersByTimeAsync(2_000);
      return result;
    };
    const error = new Error('WRONGPASS invalid username-password pair or user is disabled.');
    gate.failed(new Error('connect ECONNREFUSED'));
    gate.failed(error);
    expect(await rejection()).toMatchObject({ code: 'timeout', cause: error });
    client.isAway = false;
    gate.open();
    client.isAway = true;
    expect(await rejection()).not.toHaveProperty('cause');
  });
});

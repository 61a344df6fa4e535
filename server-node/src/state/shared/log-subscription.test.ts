import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { interceptable, type Interceptable } from '../../../test/rig/log-calls.js';
import { createHub, type Hub } from '../../create-hub.js';

let backplane: Interceptable;
let hub: Hub;

beforeEach(() => {
  backplane = interceptable();
  hub = createHub({ backplane, logger: () => undefined });
});
afterEach(async () => {
  vi.useRealTimers();
  await hub.close();
});

const useFakeTimers = (): void =>
  void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });

describe('a subscription that takes long', () => {
  const following = { count: 0 };

  /** Lets the engine subscribe when the returned function is called. */
  function hold(): (error?: Error) => void {
    following.count = 0;
    let settle: (error?: Error) => void = () => undefined;
    const held = new Promise<void>((resolve, reject) => {
      settle = (error) => (error ? reject(error) : resolve());
    });
    backplane.intercept.follow = async (genuine, ...args) => {
      await held;
      const end = await genuine(...args);
      following.count++;
      return () => {
        following.count--;
        end();
      };
    };
    return settle;
  }

  it('a subscription that takes long is made once, and ends with the hub', async () => {
    useFakeTimers();
    const subscribe = hold();
    const shared = hub.shared('stock', { count: 10 });
    await vi.advanceTimersByTimeAsync(40_000);
    expect(backplane.calls.follow).toBe(1);
    subscribe();
    await vi.advanceTimersByTimeAsync(4_000);
    await shared.update((draft) => void draft.count--);
    expect([shared.get().count, following.count]).toEqual([9, 1]);
    await hub.close();
    expect(following.count).toBe(0);
  });

  it('a subscription that succeeds after the hub was closed ends', async () => {
    const subscribe = hold();
    hub.shared('stock', { count: 10 });
    await hub.close();
    subscribe();
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect([backplane.calls.follow, following.count]).toEqual([1, 0]);
  });

  it('a subscription that fails is made again', async () => {
    useFakeTimers();
    const fail = hold();
    const shared = hub.shared('stock', { count: 10 });
    fail(new Error('the engine is down'));
    delete backplane.intercept.follow;
    await vi.advanceTimersByTimeAsync(4_000);
    expect((await shared.snapshot()).body).toEqual({ count: 10 });
    expect(backplane.calls.follow).toBe(2);
  });
});

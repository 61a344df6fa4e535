import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createPublishScheduler } from './publish-scheduler.js';

/** A page: `frame()` is the screen's next animation frame. */
function openPage(hidden = false) {
  const page = new EventTarget();
  const callbacks = new Map<number, () => void>();
  let last = 0;
  vi.stubGlobal('document', { hidden });
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => (callbacks.set(++last, callback), last));
  vi.stubGlobal('cancelAnimationFrame', (id: number) => void callbacks.delete(id));
  vi.stubGlobal('addEventListener', page.addEventListener.bind(page));
  vi.stubGlobal('removeEventListener', page.removeEventListener.bind(page));
  return {
    callbacks,
    frame() {
      const due = [...callbacks.values()];
      callbacks.clear();
      due.forEach((callback) => callback());
    },
    hide() {
      vi.stubGlobal('document', { hidden: true });
      page.dispatchEvent(new Event('visibilitychange'));
    },
  };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('publish scheduler', () => {
  it('runs each scheduled task once at the next animation frame', () => {
    const page = openPage();
    const scheduler = createPublishScheduler();
    const [a, b] = [vi.fn(), vi.fn()];
    [a, b, a, a].forEach((publish) => scheduler.schedule(publish));
    expect([page.callbacks.size, vi.getTimerCount()]).toEqual([1, 1]);
    vi.advanceTimersByTime(99);
    expect(a).not.toHaveBeenCalled();
    page.frame();
    expect([a, b].map((publish) => publish.mock.calls.length)).toEqual([1, 1]);
    vi.advanceTimersByTime(1_000);
    page.frame();
    expect(a).toHaveBeenCalledOnce();
  });

  it('waits for one frame, however often one thing becomes due', () => {
    const page = openPage();
    const scheduler = createPublishScheduler();
    const publish = vi.fn();
    for (let count = 0; count < 3; count++) scheduler.schedule(publish);
    expect([page.callbacks.size, vi.getTimerCount()]).toEqual([1, 1]);
    page.frame();
    expect([page.callbacks.size, vi.getTimerCount()]).toEqual([0, 0]);
    expect(publish).toHaveBeenCalledOnce();
  });

  it('does not wait for a frame longer than 100 ms', () => {
    const page = openPage();
    const scheduler = createPublishScheduler();
    const publish = vi.fn();
    scheduler.schedule(publish);
    vi.advanceTimersByTime(100);
    expect(publish).toHaveBeenCalledOnce();
    expect(page.callbacks.size).toBe(0);
  });

  it('publishes immediately if the page is hidden', () => {
    openPage(true);
    const publish = vi.fn();
    createPublishScheduler().schedule(publish);
    expect(publish).toHaveBeenCalledOnce();
  });

  it('stops waiting for a frame when the page becomes hidden', () => {
    const page = openPage();
    const publish = vi.fn();
    createPublishScheduler().schedule(publish);
    page.hide();
    vi.advanceTimersByTime(100);
    expect(publish).toHaveBeenCalledOnce();
    expect(vi.getTimerCount() + page.callbacks.size).toBe(0);
  });

  it('publishes immediately without animation frames', () => {
    const publish = vi.fn();
    createPublishScheduler().schedule(publish);
    expect(publish).toHaveBeenCalledOnce();
  });

  it('keeps owned containers until the next publication', () => {
    const page = openPage();
    const scheduler = createPublishScheduler();
    const before = scheduler.owned();
    scheduler.schedule(() => expect(scheduler.owned()).not.toBe(before));
    expect(scheduler.owned()).toBe(before);
    page.frame();
    expect(scheduler.owned()).not.toBe(before);
    expect.assertions(3);
  });

  it('runs tasks that become due while it runs', () => {
    const page = openPage();
    const scheduler = createPublishScheduler();
    const seen: string[] = [];
    const again = (): void => {
      seen.push('again');
      if (seen.length < 3) scheduler.schedule(again);
    };
    scheduler.schedule(again);
    page.frame();
    page.frame();
    vi.advanceTimersByTime(1_000);
    expect(seen).toEqual(['again', 'again', 'again']);
    const other = vi.fn();
    scheduler.schedule(other);
    page.frame();
    expect(other).toHaveBeenCalledOnce();
    expect(seen).toHaveLength(3);
  });
});

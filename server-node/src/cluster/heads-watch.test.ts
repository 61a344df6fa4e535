import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HeadsWatch } from './heads-watch.js';
import type { Place } from './log.js';

const at = (version: number): Place => ({ id: 'id', version, token: `t${version}` });
let topics: string[];
let heads: Record<string, Place | undefined>;
let isAway: boolean;
let isSilent = false;
let onAsk: () => void;
let doubts: string[];
let watch: HeadsWatch;
const pass = (): Promise<unknown> => vi.advanceTimersByTimeAsync(1_000);

beforeEach(() => {
  vi.useFakeTimers();
  [topics, heads, isAway, doubts, onAsk] = [['a', 'b'], { a: at(1), b: at(1) }, false, [], () => {}];
  watch = new HeadsWatch({
    topics: () => topics,
    heads(asked) {
      onAsk();
      if (isSilent) return new Promise(() => {});
      return isAway ? Promise.reject(new Error('away')) : Promise.resolve(asked.map((topic) => heads[topic]));
    },
    onDoubt: (topic) => doubts.push(topic),
    interval: 1_000,
  });
  watch.heard('a', at(1));
  watch.heard('b', at(1));
  watch.start();
});
afterEach(() => {
  watch.stop();
  vi.useRealTimers();
});

describe('the watch over heads', () => {
  it('reports one doubt when a head differs from the last revision that was heard', async () => {
    await pass();
    expect(doubts).toEqual([]);
    heads.b = at(2);
    await pass();
    await pass();
    expect(doubts).toEqual(['b']);
    heads.b = { ...at(2), id: 'renewed' };
    heads.a = undefined;
    await pass();
    expect(doubts).toEqual(['b', 'a', 'b']);
  });

  it('does not doubt a revision that was heard, before or while it asked', async () => {
    heads.a = at(2);
    watch.heard('a', at(2));
    await pass();
    onAsk = () => {
      watch.heard('b', at(2));
      onAsk = () => {};
    };
    await pass();
    heads.b = at(2);
    await pass();
    expect(doubts).toEqual([]);
  });

  it('doubts a topic whose head has moved without a notification', async () => {
    topics.push('c');
    heads.c = at(1);
    await pass();
    await pass();
    expect(doubts).toEqual(['c']);
  });

  it('goes on after the engine was away', async () => {
    isAway = true;
    heads.a = at(2);
    await pass();
    expect(doubts).toEqual([]);
    isAway = false;
    await pass();
    expect(doubts).toEqual(['a']);
  });

  it('asks again if the engine never answers', async () => {
    isSilent = true;
    heads.a = at(2);
    await pass();
    isSilent = false;
    expect(doubts).toEqual([]);
    await vi.advanceTimersByTimeAsync(11_000);
    expect(doubts).toEqual(['a']);
  });

  it('ends when there are no followers, and begins again', async () => {
    topics = [];
    await pass();
    expect(vi.getTimerCount()).toBe(0);
    topics = ['a'];
    watch.start();
    await pass();
    expect(doubts).toEqual(['a']); // it forgot the heard version
  });
});

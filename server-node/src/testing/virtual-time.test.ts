import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createZone, VirtualTime } from './virtual-time.js';

let time: VirtualTime;
let restore: () => void;
let told: string[];
const tell = (what: string) => () => void told.push(`${what} at ${time.now}`);

beforeEach(() => {
  time = new VirtualTime();
  restore = time.install();
  told = [];
});
afterEach(() => restore());

describe('virtual time', () => {
  it('passes only on request, and runs due timers in order', async () => {
    setTimeout(tell('third'), 30);
    setTimeout(tell('first'), 10);
    setTimeout(tell('second'), 30 - 1e-9);
    setTimeout(tell('late'), 31);
    expect(told).toEqual([]);
    await time.advance(30);
    expect(told.map((each) => each.split(' ')[0])).toEqual(['first', 'second', 'third']);
    expect(time.now).toBe(30);
  });

  it('lets promises run between two moments', async () => {
    setTimeout(() => void Promise.resolve().then(tell('promise')), 5);
    setTimeout(tell('timer'), 5);
    await time.advance(5);
    expect(told).toEqual(['promise at 5', 'timer at 5']);
  });

  it('stands in for clocks and timers, and gives them back', async () => {
    const genuine = setTimeout;
    const date = Date.now();
    const clock = performance.now();
    const timer = setInterval(tell('tick'), 10);
    await time.advance(25);
    clearInterval(timer);
    clearTimeout(setTimeout(tell('cleared'), 1).unref());
    await time.advance(25);
    expect(told).toEqual(['tick at 10', 'tick at 20']);
    expect([Date.now() - date, performance.now() - clock]).toEqual([50, 50]);
    restore();
    expect(setTimeout).not.toBe(genuine);
    expect(Date.now()).toBeGreaterThan(date + 1e9);
  });

  it('delays only the timers of frozen zones, and keeps their order', async () => {
    const [one, other] = [createZone('one'), createZone('other')];
    time.within(one, () => setTimeout(tell('one'), 10));
    time.within(one, () => setTimeout(tell('one later'), 60));
    time.within(other, () => setTimeout(tell('other'), 20));
    time.freeze(one, 50);
    time.freeze(one, 30);
    await time.advance(100);
    expect(told).toEqual(['other at 20', 'one at 50', 'one later at 60']);
  });

  it('belongs to a zone: tasks inherit the zone of their starter, and its wall clock may be wrong', async () => {
    const zone = createZone('client');
    zone.skew = -3_600_000;
    const right = Date.now();
    let seen = 0;
    time.within(zone, () => setTimeout(() => setTimeout(() => (seen = Date.now()), 1), 1));
    await time.advance(2);
    expect(seen - right).toBe(2 - 3_600_000);
    expect(Date.now() - right).toBe(2);
  });
});

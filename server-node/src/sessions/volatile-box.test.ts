import { describe, expect, it } from 'vitest';
import { Message } from '../wire/message.js';
import { VolatileBox } from './volatile-box.js';

const at = (n: number): Message => new Message(`{"event":"at","data":${n}}`);
function texts(box: VolatileBox): unknown[] {
  const found: unknown[] = [];
  for (let next; (next = box.next());) found.push((JSON.parse(next.text) as { data: unknown }).data);
  return found;
}

describe('a box of volatile events', () => {
  it('returns every event of a tick while the outlet takes them', () => {
    const box = new VolatileBox();
    for (const n of [1, 2, 3]) box.add(at(n), 'at', false);
    expect(box.hasPending).toBe(true);
    expect(texts(box)).toEqual([1, 2, 3]);
    expect(box.hasPending).toBe(false);
  });

  it('keeps the newest event of each key while the outlet is full', () => {
    const box = new VolatileBox();
    for (const n of [1, 2, 3, 4]) box.add(at(n), n % 2 ? 'odd' : 'even', true);
    box.add(at(5), 'odd', true);
    expect(texts(box)).toEqual([4, 5]);
  });

  it('drops the oldest of more than 64 keys', () => {
    const box = new VolatileBox();
    for (let n = 0; n < 100; n++) box.add(at(n), `${n}`, true);
    expect(texts(box)).toEqual(Array.from({ length: 64 }, (_, index) => 36 + index));
  });

  it('forgets everything with the link', () => {
    const box = new VolatileBox();
    box.add(at(1), 'at', false);
    box.add(at(2), 'at', true);
    box.clear();
    expect(box.hasPending).toBe(false);
  });
});

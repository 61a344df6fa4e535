import { expect, it } from 'vitest';
import { createInbox, type Inbox } from './inbox.js';

function setUp(): { inbox: Inbox; acks: number[] } {
  const acks: number[] = [];
  return { inbox: createInbox((ack) => acks.push(ack)), acks };
}

it('derives a number that is left out from the last one of the link', () => {
  const { inbox } = setUp();
  expect([
    inbox.take(4, 10),
    inbox.take(undefined, 10),
    inbox.take(9, 10),
    inbox.take(undefined, 10),
  ]).toEqual([true, true, true, true]);
  expect(inbox.taken()).toBe(10);
});

it('takes a number once, also if a repetition leaves it out', () => {
  const { inbox } = setUp();
  inbox.take(4, 10);
  inbox.take(undefined, 10);
  inbox.resume(true);
  expect([inbox.take(4, 10), inbox.take(undefined, 10), inbox.take(undefined, 10)]).toEqual([
    false,
    false,
    true,
  ]);
  expect(inbox.taken()).toBe(6);
});

it('takes each frame with number 0, and counts none of them', () => {
  const { inbox, acks } = setUp();
  inbox.take(4, 10);
  for (let count = 0; count < 300; count++) expect(inbox.take(0, 10_000)).toBe(true);
  inbox.take(undefined, 10);
  expect(inbox.taken()).toBe(5);
  expect(acks).toEqual([]);
});

it('counts from the beginning in a new session', () => {
  const { inbox } = setUp();
  inbox.take(4, 10);
  inbox.resume(false);
  expect(inbox.taken()).toBe(0);
  expect(inbox.take(1, 10)).toBe(true);
});

it.each([
  ['256 frames', 256, 1],
  ['256 KiB', 4, 64 * 1024],
])('acknowledges after %s, and on request', (_, count, size) => {
  const { inbox, acks } = setUp();
  inbox.take(1, size);
  for (let seq = 2; seq < count; seq++) inbox.take(undefined, size);
  expect(acks).toEqual([]);
  inbox.take(undefined, size);
  expect(acks).toEqual([count]);
  inbox.take(undefined, size);
  inbox.acknowledge();
  expect(acks).toEqual([count, count + 1]);
  for (let seq = 1; seq < count; seq++) inbox.take(undefined, size);
  expect(acks).toHaveLength(2);
});

it('counts unacknowledged frames separately on each link', () => {
  const { inbox, acks } = setUp();
  inbox.take(1, 1);
  for (let seq = 2; seq < 256; seq++) inbox.take(undefined, 1);
  inbox.resume(true); // the open frame has acknowledged them
  inbox.take(256, 1);
  expect(acks).toEqual([]);
});

import { expect, it } from 'vitest';
import { Inbox } from './inbox.js';

/** An inbox that has taken so many frames. */
function taken(count: number): Inbox {
  const inbox = new Inbox();
  for (let seq = 1; seq <= count; seq++) inbox.take(seq, 1);
  return inbox;
}

it('acknowledges frames up to the first one that is held, however often it is held', () => {
  const inbox = taken(5);
  expect(inbox.acknowledgeable).toBe(5);
  const [fourth, third, again] = [inbox.hold(4), inbox.hold(3), inbox.hold(3)];
  expect([inbox.acknowledgeable, inbox.taken]).toEqual([2, 5]);
  third();
  expect(inbox.acknowledgeable).toBe(2);
  again();
  expect(inbox.acknowledgeable).toBe(3);
  fourth();
  expect(inbox.acknowledgeable).toBe(5);
});

it('owes an acknowledgement after a hold if one has left out the frame', () => {
  const inbox = taken(2);
  expect(inbox.hold(2)()).toBe(false);
  const release = inbox.hold(2);
  inbox.noteAcked();
  expect(release()).toBe(true);
  inbox.noteAcked();
  expect(inbox.hold(2)()).toBe(false);
});

it('holds no acknowledgement for a frame without a number, or for a repetition', () => {
  const inbox = taken(2);
  expect(inbox.newest).toBe(2);
  for (const seq of [0, 1]) {
    inbox.take(seq, 1);
    expect(inbox.newest).toBe(0);
    inbox.hold(inbox.newest);
    expect(inbox.acknowledgeable).toBe(2);
  }
});

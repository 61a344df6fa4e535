import { expect, it } from 'vitest';
import { isVeloxError } from '@velox/core/protocol';
import { Message } from '../../wire/message.js';
import { SharedWindow } from '../../wire/shared-window.js';
import { frameOf, translate, type Copy } from './translate.js';

const PAD = 'x'.repeat(100);

function follow(message: Message, known?: Copy) {
  return translate(message, frameOf(message) as never, known);
}

const snapshot = (version: number, body: unknown, id = 'a'): Message =>
  new Message(JSON.stringify({ id, version, body }), { isCompressible: true });
const delta = (version: number, body: unknown, more = {}): Message =>
  new Message(JSON.stringify({ version, delta: true, ...more, body }), {
    isCompressible: true,
    window: new SharedWindow(),
  });

const textsOf = (translation: ReturnType<typeof follow>): unknown =>
  translation?.messages.map(({ text }) => JSON.parse(text) as unknown);

it('a translation is made once for all clients that have the same copy', () => {
  const first = snapshot(1, { n: 1, PAD });
  const step = delta(2, [{ op: 'replace', path: '/n', value: 2 }]);
  const one = follow(first);
  const other = follow(first);
  expect(other).toBe(one);
  expect(follow(step, one?.copy)).toBe(follow(step, other?.copy));
});

it('a translated message is compressible as its original, and shares no window', () => {
  const { copy } = follow(snapshot(1, { n: 1, PAD })) as { copy: Copy };
  const [message] = follow(delta(2, [{ op: 'replace', path: '/n', value: 2 }]), copy)?.messages ?? [];
  expect(message).toMatchObject({ isCompressible: true, window: undefined });
});

it('a client that is more than one version behind gets the value whole', () => {
  const { copy } = follow(snapshot(1, { n: 1, PAD })) as { copy: Copy };
  const step = delta(3, [{ op: 'replace', path: '/n', value: 3 }], { from: 1 });
  expect(textsOf(follow(step, copy))).toEqual([{ version: 3, body: { n: 3, PAD } }]);
});

it('a delta that is not shorter than the value is sent whole', () => {
  const { copy } = follow(snapshot(1, { n: 1 })) as { copy: Copy };
  expect(textsOf(follow(delta(2, [{ op: 'replace', path: '/n', value: 2 }]), copy))).toEqual([
    { version: 2, body: { n: 2 } },
  ]);
});

it('a list that becomes an object while another gets a null goes as a delta and then whole', () => {
  const { copy } = follow(snapshot(1, { a: [1], b: { c: 1 }, PAD })) as { copy: Copy };
  const step = delta(2, [
    { op: 'replace', path: '/a', value: { x: null, y: 1 } },
    { op: 'replace', path: '/b/c', value: null },
  ]);
  expect(textsOf(follow(step, copy))).toEqual([
    { delta: true, version: 2, body: { a: { y: 1 } } },
    { version: 2, body: { a: { x: null, y: 1 }, b: { c: null }, PAD } },
  ]);
});

it('another epoch of the topic begins with its id; a bare position sends nothing', () => {
  const { copy } = follow(snapshot(5, { n: 1 })) as { copy: Copy };
  expect(textsOf(follow(snapshot(1, { n: 2 }, 'b'), copy))).toEqual([
    { id: 'b', version: 1, body: { n: 2 } },
  ]);
  expect(textsOf(follow(new Message('{"id":"a","version":5}'), copy))).toEqual([]);
});

it('null is sent as an empty object; a list or a scalar cannot be sent', () => {
  expect(textsOf(follow(snapshot(1, null)))).toEqual([{ id: 'a', version: 1, body: {} }]);
  expect(follow(snapshot(1, [1]))).toBeUndefined();
  expect(follow(snapshot(1, 'text'))).toBeUndefined();
});

it('a step that does not join on to the copy throws bad-patch', () => {
  const { copy } = follow(snapshot(1, { n: 1 })) as { copy: Copy };
  let error: unknown;
  try {
    follow(delta(3, []), copy);
  } catch (thrown) {
    error = thrown;
  }
  expect(isVeloxError(error, 'bad-patch')).toBe(true);
});

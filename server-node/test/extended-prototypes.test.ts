/** Some pages and servers extend Array.prototype or Object.prototype by enumerable members. Velox ignores all inherited members. */
import { apply, createStateHash, type Operation } from '@velox/core/protocol';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createRecorder } from '../src/recording/recorder.js';
import { measure } from '../src/recording/patch/size.js';

const EXTENSIONS: [prototype: object, key: string, value: unknown][] = [
  [Array.prototype, 'first', () => undefined],
  [Array.prototype, 'extra', 1],
  [Object.prototype, 'log', () => undefined],
  [Object.prototype, 'flag', true],
  [Object.prototype, 'shared', { n: 1 }],
  [Object.prototype, 'id', 'inherited'],
];
const extend = (): void => {
  for (const [prototype, key, value] of EXTENSIONS)
    Object.defineProperty(prototype, key, { value, enumerable: true, configurable: true, writable: true });
};
const restore = (): void => {
  for (const [prototype, key] of EXTENSIONS) Reflect.deleteProperty(prototype, key);
};
const makeValue = (): Record<string, unknown> => ({
  rows: [{ n: 1 }, { n: 2 }],
  names: ['a'],
  inner: { x: 1 },
});

beforeEach(extend);
afterEach(restore);

it('hashes a value as it does without extended prototypes', () => {
  const extended = createStateHash().of(makeValue());
  restore();
  expect(createStateHash().of(makeValue())).toBe(extended);
});

it('measures a value without inherited members', () => {
  expect(measure(makeValue())).toBe(JSON.stringify(makeValue()).length);
});

it('records an own member that equals an inherited one', () => {
  const recorder = createRecorder<Record<string, unknown>>(makeValue());
  const client = makeValue();
  const next = { ...makeValue(), flag: true, shared: { n: 1 } };
  recorder.reconcile(next);
  const patched = apply(client, JSON.parse(recorder.take()!) as Operation[]) as object;
  expect(Object.keys(patched)).toEqual(Object.keys(next));
  expect(JSON.stringify(patched)).toBe(JSON.stringify(recorder.value));
});

it('does not take an inherited member for the key of a row', () => {
  const recorder = createRecorder({ rows: [{ n: 1 }, { n: 2 }] });
  recorder.reconcile({ rows: [{ n: 2 }, { n: 1 }, { n: 3 }] });
  expect(recorder.value).toEqual({ rows: [{ n: 2 }, { n: 1 }, { n: 3 }] });
});

it('shows inherited members of a draft as they are, and never records them', () => {
  const recorder = createRecorder<Record<string, unknown>>(makeValue());
  recorder.update((draft) => {
    expect(draft.shared).toBe((Object.prototype as Record<string, unknown>).shared);
    draft.n = 1;
  });
  expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'add', path: '/n', value: 1 }]);
  recorder.update((draft) => {
    draft.list = [1];
    (draft.list as unknown[]).push(2);
  });
  expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'add', path: '/list', value: [1, 2] }]);
});

it('refuses a path through an inherited member', () => {
  const operations: Operation[] = [{ op: 'add', path: '/shared/n', value: 2 }];
  expect(() => apply({}, operations)).toThrow(/cannot apply/);
});

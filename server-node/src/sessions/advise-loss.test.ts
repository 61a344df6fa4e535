import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { eventMessage, replyMessage } from './event-message.js';

const warned = vi.spyOn(process, 'emitWarning');
beforeEach(() => void warned.mockReset().mockReturnValue());
afterEach(() => void vi.unstubAllEnvs());

const texts = (): unknown[] => warned.mock.calls.map(([text]) => text);

it.each<[string, unknown, string]>([
  ['Map', new Map([[1, 2]]), 'Convert it by Object.fromEntries(map).'],
  ['Set', { deep: [new Set([1])] }, 'Convert it by [...set].'],
  ['Error', { error: new TypeError('no') }, 'Convert it to an object with its name and message.'],
  ['function', { fn: () => 1 }, 'Convert it or leave it out.'],
  ['symbol', [Symbol('a')], 'Convert it or leave it out.'],
  ['WeakMap', new WeakMap(), 'Convert it or leave it out.'],
  ['Promise', Promise.resolve(1), 'Convert it or leave it out.'],
])('an event that loses a %s says so in development, once', (lost, data, remedy) => {
  const name = `loses ${lost}`;
  eventMessage(name, data);
  eventMessage(name, data);
  expect(texts()).toEqual([
    `velox: the event "${name}" has a value that JSON cannot carry (${lost}), and is sent without it. ${remedy}`,
  ]);
});

it('a reply that loses a value says so', () => {
  replyMessage(1, { map: new Map() });
  expect(texts()).toEqual([
    expect.stringContaining('velox: a reply has a value that JSON cannot carry (Map)'),
  ]);
});

it('in production nothing is said', () => {
  vi.stubEnv('NODE_ENV', 'production');
  eventMessage('in production', new Map());
  expect(texts()).toEqual([]);
});

class Point {
  x = 1;
}

it.each([
  undefined,
  null,
  [1, 'a', true],
  { at: new Date(), point: new Point(), bare: Object.create(null) as object },
  { toJSON: () => 1, map: new Map() },
  new Uint8Array(1),
  Object('boxed') as object,
])('data that arrives whole causes no warning: %o', (data) => {
  eventMessage('whole', data);
  expect(texts()).toEqual([]);
});

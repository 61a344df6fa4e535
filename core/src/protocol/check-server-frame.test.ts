import { describe, expect, it } from 'vitest';
import { checkServerFrame } from './check-server-frame.js';

function read(text: string): unknown {
  const frame: unknown = JSON.parse(text);
  checkServerFrame(frame, text);
  return frame;
}

describe('a frame of a server', () => {
  const limits = { frame: 1, depth: 1, rate: 1 };
  const hello = { protocol: 3, session: 's', heartbeat: 15_000, ack: 0, limits };

  it.each<object>([
    { hello },
    { hello: { ...hello, heartbeat: 0, link: 1, more: {} } },
    { dropped: 2 },
    { event: 'e', data: 1 },
    { ping: true, ack: true },
    { topic: 't', id: 'x', version: 1, body: null },
    { version: 3, delta: true, from: 1, body: [] },
    { check: 'abc', at: 1 },
    { event: 'e', data: { ack: {} }, seq: 0 },
    { ack: 0 },
    { ping: true, next: 5 },
    { bye: { code: 'c', reason: 'r', retry: false } },
    { denied: '', code: 'forbidden' },
    { unknown: { ack: {} }, toString: 1, constructor: {}, valueOf: null },
  ])('is read: %j', (frame) => {
    expect(read(JSON.stringify(frame))).toEqual(frame);
    expect(read('{"__proto__":{"ack":{}},"ping":true}')).toHaveProperty('ping', true);
  });

  it.each<[string, unknown]>([
    ['no object', [{ ack: 1 }]],
    ['an acknowledgement that is an object', { ack: { valueOf: 1 } }],
    ['an acknowledgement below 0', { ack: -1 }],
    ['a hello that is null', { hello: null }],
    ['a hello that acknowledges a text', { hello: { ...hello, ack: 'x' } }],
    ['a drop of an object', { dropped: {} }],
    ['an acknowledgement of nothing', { ack: true }],
    ['a hello without limits', { hello: { ...hello, limits: undefined } }],
    ['a rate of 0', { hello: { ...hello, limits: { ...limits, rate: 0 } } }],
    ['a rate that is a list', { hello: { ...hello, limits: { ...limits, rate: [5] } } }],
    ['a heartbeat that is a text', { hello: { ...hello, heartbeat: '15' } }],
    ['a topic that is a list', { topic: ['t'], id: 'x', version: 1, body: 1 }],
    ['a version that is a fraction', { id: 'x', version: 1.5, body: 1 }],
    ['a number that is no number', { event: 'e', data: 1, seq: 'x' }],
    ['a check without a version', { check: 'abc' }],
    ['a goodbye without a code', { bye: { reason: 'r' } }],
    ['a retry that is a text', { bye: { code: 'c', reason: 'r', retry: '1' } }],
  ])('is refused: %s', (_, frame) => {
    expect(() => read(JSON.stringify(frame))).toThrow(expect.objectContaining({ code: 'bad-frame' }));
  });

  it('is refused if it is nested deeper than 2,000 levels', () => {
    const nested = (levels: number): string =>
      `{"id":"x","version":1,"body":${'['.repeat(levels)}${']'.repeat(levels)}}`;
    expect(read(nested(1_999))).toHaveProperty('version', 1);
    for (const levels of [2_100, 100_000]) {
      expect(() => read(nested(levels))).toThrow(expect.objectContaining({ code: 'bad-frame' }));
    }
  });
});

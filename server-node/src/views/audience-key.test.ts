import { describe, expect, it } from 'vitest';
import { audienceKey } from './audience-key.js';

describe('audienceKey', () => {
  it.each([
    ['admin', '"admin"'],
    [7, '7'],
    [true, 'true'],
    [null, 'null'],
    [['a', 1, undefined], '["a",1,null]'],
    [{ team: 'red', id: 7, none: undefined }, '{"id":7,"team":"red"}'],
    [Object.assign(Object.create(null), { a: { c: 1, b: [] } }), '{"a":{"b":[],"c":1}}'],
  ])('is the JSON text of %o with sorted keys', (audience, key) => {
    expect(audienceKey(audience)).toBe(key);
  });

  it('tells audiences apart that differ only in the type of a value', () => {
    const audiences = ['1', 1, true, 'true', null, 'null', [], {}, '[]', '{}', [[]], { a: [] }];
    expect(new Set(audiences.map((audience) => audienceKey(audience))).size).toBe(audiences.length);
  });

  it.each([
    ['undefined', undefined],
    ['a promise', Promise.resolve('admin')],
    ['NaN', Number.NaN],
    ['Infinity', Infinity],
    ['a function', () => 'admin'],
    ['a symbol', Symbol('admin')],
    ['a bigint', 1n],
    ['a Map', new Map()],
    ['a Date', new Date()],
    ['an instance of a class', new (class User {})()],
    ['any of them inside', { roles: [new Set(['admin'])] }],
  ])('refuses %s', (_, audience) => {
    expect(() => audienceKey(audience)).toThrow(expect.objectContaining({ code: 'not-json' }));
  });
});

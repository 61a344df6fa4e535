import { describe, expect, it } from 'vitest';
import { isSameContext } from './same-context.js';

class User {
  readonly #name: string;
  constructor(name: string) {
    this.#name = name;
  }
  get name(): string {
    return this.#name;
  }
}

const shared = new User('ann');
const circle: { self?: unknown } = {};
circle.self = circle;

describe('isSameContext', () => {
  it.each<[string, unknown, unknown]>([
    ['nothing', undefined, undefined],
    ['equal texts', 'ann', 'ann'],
    ['equal plain objects', { user: 'ann', roles: ['a'] }, { user: 'ann', roles: ['a'] }],
    ['one object of a class', shared, shared],
    ['objects without a prototype', Object.create(null), {}],
  ])('holds for %s', (_, one, other) => {
    expect(isSameContext(one, other)).toBe(true);
  });

  it.each<[string, unknown, unknown]>([
    ['different texts', 'ann', 'bob'],
    ['a text and a number', '1', 1],
    ['different plain objects', { user: 'ann' }, { user: 'bob' }],
    ['objects of a class, which hide what they hold', new User('ann'), new User('ann')],
    ['plain objects with such an object inside', { user: new User('ann') }, { user: new User('ann') }],
    ['Maps', { roles: new Map([[1, 2]]) }, { roles: new Map([[1, 2]]) }],
    ['circles', circle, { ...circle }],
    ['null and an object', null, {}],
  ])('does not hold for %s', (_, one, other) => {
    expect(isSameContext(one, other)).toBe(false);
  });
});

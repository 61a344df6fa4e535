import { expect, expectTypeOf, it } from 'vitest';
import * as velox from '../index.js';

/** The members that an editor completes. */
type Members = 'get' | 'update' | 'set' | 'push' | 'live' | 'position' | 'snapshot';
type Endpoint = 'handle' | 'upgrade' | 'attach' | 'fetch' | 'close';

const membersOf = <T>(value: T): keyof T => value as never;

it('shows applications no member that serves the hub', () => {
  const hub = velox.createHub();
  expectTypeOf(membersOf(velox.state({ n: 1 }))).toEqualTypeOf<Members | Endpoint>();
  expectTypeOf(membersOf(hub.state('board', { n: 1 }))).toEqualTypeOf<Members>();
  const viewed = hub.state('viewed', { n: 1 }, { view: ({ n }) => n });
  expectTypeOf(membersOf(viewed)).toEqualTypeOf<Exclude<Members, 'position'>>();
  expect(velox).not.toHaveProperty('State');
});

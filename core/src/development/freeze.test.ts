import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventConnection } from '../connection/connection.js';
import type { Operation } from '../protocol/frames.js';
import { apply } from '../protocol/patch.js';
import { createFakeTransport } from '../testing/fake-transport.js';
import { freezeAll, freezeValue } from './freeze.js';

function isDeepFrozen(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return Object.isFrozen(value) && Object.values(value).every(isDeepFrozen);
}

/** A replica that is open, and the frames of its server. */
async function openReplica() {
  const { transport, last } = createFakeTransport();
  const connection = createEventConnection({ url: 'http://h/', transports: [transport] });
  const replica = connection.replica<{ rows: { n: number }[] }>();
  replica.subscribe(() => {});
  await Promise.resolve();
  last().hello();
  return { connection, replica, send: last().say };
}

const key = fc.constantFrom('a', 'b', 'rows');
/** Without -0, which JSON turns into 0. */
const json = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);
/** Steps that may fit a value or not: misfits are left out. */
const steps = fc.array(
  fc.record({
    op: fc.constantFrom('add', 'replace', 'remove', 'move', 'copy'),
    path: fc.array(fc.oneof(key, fc.constantFrom('0', '1', '-')), { maxLength: 3 }),
    from: fc.array(fc.oneof(key, fc.constantFrom('0', '1')), { maxLength: 2 }),
    value: json,
  }),
  { maxLength: 12 },
);
const pointer = (path: readonly string[]): string => path.map((each) => `/${each}`).join('');

describe('a replica in development', () => {
  it('shows frozen values only, whatever steps led to them', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(key, json),
        steps,
        fc.integer({ min: 1, max: 4 }),
        async (start, all, size) => {
          const { connection, replica, send } = await openReplica();
          let value: unknown = structuredClone(start);
          let version = 1;
          send({ id: 'a', version, body: structuredClone(value) });
          connection.flush();
          for (let at = 0; at < all.length; at++) {
            const { op, path, from, value: news } = all[at]!;
            const step = { op, path: pointer(path), from: pointer(from), value: news } as Operation;
            try {
              value = apply(value, [structuredClone(step)]);
            } catch {
              continue;
            }
            send({ version: ++version, delta: true, body: [structuredClone(step)] });
            if (at % size) continue; // some steps are published together
            connection.flush();
            expect(isDeepFrozen(replica.get())).toBe(true);
          }
          connection.flush();
          expect(replica.get()).toEqual(value);
          expect(isDeepFrozen(replica.get())).toBe(true);
          connection.close();
        },
      ),
    );
  });

  it('throws a TypeError at a component that writes to it', async () => {
    const { connection, replica, send } = await openReplica();
    send({ id: 'a', version: 1, body: { rows: [{ n: 1 }] } });
    connection.flush();
    const write = (): void => void (replica.get()!.rows[0]!.n = 2);
    expect(write).toThrow(TypeError);
    send({ version: 2, delta: true, body: [{ op: 'replace', path: '/rows/0/n', value: 3 }] });
    connection.flush();
    expect(replica.get()).toEqual({ rows: [{ n: 3 }] });
    expect(write).toThrow(TypeError);
    connection.close();
  });

  it('freezes the value that a server rendered', () => {
    const body = { rows: [{ n: 1 }] };
    createEventConnection({ url: 'http://h/', transports: [] }).replica('', { id: 'a', version: 1, body });
    expect(isDeepFrozen(body)).toBe(true);
  });
});

describe('freezing', () => {
  it('visits only containers that a change copied or brought', () => {
    const rows = Array.from({ length: 1_000 }, (_, n) => ({ n }));
    freezeValue(rows);
    let visited = 0;
    const seen = new Proxy([], { ownKeys: () => (visited++, []), preventExtensions: () => true });
    const owned = new Set<object>();
    apply({ rows, seen }, [{ op: 'replace', path: '/rows/7/n', value: 8 }], owned);
    expect(owned.size).toBe(3); // the root, the list, the row
    freezeAll(owned);
    expect([...owned].every((each) => Object.isFrozen(each))).toBe(true);
    expect(visited).toBe(0);
  });
});

/** Server and client together, over real sockets. */
import { connect, type Replica } from '@velox/core';
import fc from 'fast-check';
import fjp, { type Operation } from 'fast-json-patch';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawStream, rawSubscribe, type Frame } from './rig/raw-client.js';
import { rawPolling } from './rig/raw-requests.js';

/** Sockets take their time: a proof has a quarter of its runs here. */
const runs = process.env.VELOX_RUNS ? Math.ceil(Number(process.env.VELOX_RUNS) / 4) : 25;
const transports = ['websocket', 'sse', 'polling'] as const;

/** A value that is edited at random: nested objects and lists of primitives and rows. */
type Value = { [key: string]: unknown };
const json = fc.jsonValue({ maxDepth: 3 });
const start = fc.dictionary(fc.constantFrom('a', 'b', 'c/d', 'e~f', ''), json, { maxKeys: 4 });

/** One edit: where it acts is drawn as numbers, so that it fits whatever value it meets. */
const edit = fc.record({
  path: fc.array(fc.nat(5), { maxLength: 3 }),
  kind: fc.constantFrom('set', 'delete', 'push', 'insert', 'remove', 'move', 'reverse'),
  at: fc.nat(5),
  value: json,
});
type Edit = typeof edit extends fc.Arbitrary<infer E> ? E : never;

function perform(root: Value, { path, kind, at, value }: Edit): void {
  let target: unknown = root;
  for (const step of path) {
    const children = Object.values(target as object).filter((child) => typeof child === 'object' && child);
    if (children.length === 0) break;
    target = children[step % children.length];
  }
  if (Array.isArray(target)) {
    const index = at % (target.length + 1);
    if (kind === 'push') target.push(value);
    else if (kind === 'insert' || kind === 'set') target.splice(index, 0, value);
    else if (kind === 'remove' || kind === 'delete') target.splice(index, 1);
    else if (kind === 'reverse') target.reverse();
    else target.push(...target.splice(index, 1));
  } else {
    const object = target as Value;
    const keys = Object.keys(object);
    const key = keys[at % (keys.length || 1)] ?? 'new';
    if (kind === 'delete' || kind === 'remove') delete object[key];
    else object[kind === 'insert' ? `new${at}` : key] = value;
  }
}

/** Resolves when a replica has reached the state's version. */
async function caughtUp(replica: Replica<unknown>, state: velox.State<Value>): Promise<void> {
  const wanted = state.snapshot().body;
  const same = (): boolean => fjp.compare({ v: replica.get() ?? null }, { v: wanted } as object).length === 0;
  if (same()) return;
  await new Promise<void>((resolve) => {
    const end = replica.subscribe(() => {
      if (!same()) return;
      end();
      resolve();
    });
  });
}

describe.each(transports)('over %s', (transport) => {
  it('replaying the frames sent to a client gives the value of the server, at every cut of the connection', async () => {
    await fc.assert(
      fc.asyncProperty(
        start,
        fc.array(fc.tuple(edit, fc.nat(9)), { maxLength: 30, size: 'max' }),
        async (value, edits) => {
          const state = velox.state<Value>(value);
          await using server = await listen(state.handle);
          const open = (at?: { id: string; version: number }) =>
            ({
              websocket: () => rawSubscribe(server.origin, at ?? {}),
              sse: () => rawStream(`${server.origin}?${at ? `id=${at.id}&v=${at.version}` : ''}`),
              polling: () => rawPolling(server.origin, at ?? {}),
            })[transport]();
          let link = open();
          let copy: { id: string; version: number; body: unknown } | undefined;
          const take = (frame: Frame): void => {
            if (!('version' in frame)) return;
            const id = (frame.id ?? copy?.id) as string;
            const version = frame.version as number;
            if ('delta' in frame) {
              expect(frame.from ?? version - 1).toBe(copy?.version);
              const patch = frame.body as Operation[];
              const document = structuredClone(copy?.body);
              copy = { id, version, body: fjp.applyPatch(document, patch, true).newDocument };
            } else if ('body' in frame) {
              copy = { id, version, body: frame.body };
            } else {
              expect(version).toBe(copy?.version);
            }
          };
          for (const [next, what] of edits) {
            state.update((draft) => perform(draft, next));
            if (what < 5) await Promise.resolve(); // otherwise it folds with the next
            if (what === 0) take(await link.next());
            if (what === 1) {
              link.close();
              link = open(copy);
            }
          }
          const { version } = state.position();
          while (copy?.version !== version) take(await link.next());
          expect(copy.body).toEqual(state.snapshot().body);
          link.close();
        },
      ),
      { numRuns: runs },
    );
  });

  it('the client catches up with its server after every cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        start,
        fc.array(fc.tuple(edit, fc.nat(9)), { maxLength: 20, size: 'max' }),
        async (value, edits) => {
          const state = velox.state<Value>(value);
          await using server = await listen(state.handle);
          const sync = connect(server.origin, { transport, WebSocket });
          const replica = sync.replica();
          const seen: unknown[] = [];
          const end = replica.subscribe(() => seen.push(replica.get()));
          for (const [next, what] of edits) {
            state.update((draft) => perform(draft, next));
            if (what < 6) await new Promise((resolve) => setImmediate(resolve));
            if (what === 0) server.cut();
          }
          await caughtUp(replica, state);
          expect(replica.get()).toEqual(state.snapshot().body);
          end();
          sync.close();
        },
      ),
      { numRuns: Math.ceil(runs / 4) },
    );
  });

  it('100 updates of one tick are one frame, one notification', async () => {
    const state = velox.state({ n: 0, pad: 'x'.repeat(200) });
    await using server = await listen(state.handle);
    const sync = connect(server.origin, { transport, WebSocket });
    const frames: unknown[] = [];
    sync.onFrame((frame) => 'version' in frame && frames.push(frame));
    const replica = sync.replica<{ n: number }>();
    let notified = 0;
    const changed = (): Promise<void> =>
      new Promise((resolve) => void replica.subscribe(() => (notified++, resolve())));
    await changed();
    notified = 0;
    const next = changed();
    for (let n = 1; n <= 100; n++) state.update((draft) => void (draft.n = n));
    await next;
    expect(replica.get()?.n).toBe(100);
    expect(frames).toHaveLength(2);
    expect(notified).toBe(2); // one for each of the two subscribers
    sync.close();
  });

  it('after a restart of the server, the client takes its value as a whole', async () => {
    const before = velox.state({ n: 1 });
    const first = await listen(before.handle);
    const port = Number(new URL(first.origin).port);
    const sync = connect(first.origin, { transport, WebSocket });
    const replica = sync.replica<{ n: number }>();
    await new Promise<void>((resolve) => void replica.subscribe(resolve));
    await first.close();
    const after = velox.state({ n: 2 });
    await using second = await listen(after.handle, port);
    expect(second.origin).toBe(first.origin);
    await caughtUp(replica, after);
    expect(replica.get()).toEqual({ n: 2 });
    sync.close();
  });
});

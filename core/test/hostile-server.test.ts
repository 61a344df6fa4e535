/**
 * A malicious server, over each transport: no stream of its frames may end the process, hang a client, or make it keep more than a bounded
 * amount. The proof runs 200,000 streams.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import velox from '../src/classic.js';
import { connect } from '../src/connect/connect.js';
import { load } from '../src/platform/load.js';
import type { Transport } from '../src/connection/transport.js';
import { polling, sse } from '../src/transports/requests.js';
import { websocket } from '../src/transports/websocket.js';

setFlagsFromString('--expose-gc');

/** So many clients run at once. Each turn of the fake timers waits for a real one, so most of the time is spent per batch. */
const AT_ONCE = 100;
/** Three transports and two clients share the streams. */
const all = process.env.VELOX_RUNS ? Number(process.env.VELOX_RUNS) * 10 : 2_000;
const numRuns = Math.ceil(all / 6 / AT_ONCE);

const limits = { frame: 1 << 20, depth: 500, rate: 1_000 };
const hello = { protocol: 3, session: 's', heartbeat: 15_000, ack: 0, limits };
const value = fc.jsonValue({ maxDepth: 3 });
const path = fc
  .array(fc.constantFrom('a', 'b', '0', '1', '-', '~1', '', 'length', '__proto__', 'constructor'), {
    maxLength: 3,
  })
  .map((keys) => keys.map((key) => `/${key}`).join(''));
const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'copy', 'test', 'x'),
    path,
    from: path,
    value,
  },
  { requiredKeys: ['op', 'path'] },
);
const version = fc.nat(6);
const topic = fc.constantFrom(undefined, undefined, 't', '__proto__');
const sound: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  fc.constant({ hello }),
  fc.record({ topic, id: fc.constantFrom('a', 'a', 'b'), version, body: value }),
  fc.record({ topic, version, delta: fc.constant(true), body: fc.array(operation, { maxLength: 12 }) }),
  fc.record({
    topic,
    version,
    delta: fc.constant(true),
    from: version,
    body: fc.array(operation, { maxLength: 4 }),
  }),
  fc.record({ topic, id: fc.constantFrom('a', 'b'), version }),
  fc.record({ check: fc.constantFrom('1', 'zz'), at: version, topic }),
  fc.record({ event: fc.constantFrom('e', '', 'constructor'), data: value, seq: fc.nat(4) }),
  fc.record({ ack: fc.nat(9) }),
  fc.record({ ping: fc.constant(true), next: fc.nat() }),
  fc.record({ stale: fc.string(), topic }),
  fc.record({ denied: fc.constantFrom('', 't'), code: fc.constantFrom('forbidden', 'not-found') }),
  fc.record({
    bye: fc.record({ code: fc.string(), reason: fc.string(), retry: fc.constantFrom(undefined, false, 0) }),
  }),
);
const odd = fc.constantFrom<unknown>(
  ...[null, true, false, -1, 0, 1.5, 1e308, '', 'x', [], [[]], {}, { ack: {} }, { toString: 1, valueOf: 2 }],
);
const name = fc.constantFrom(
  ...[
    'hello',
    'version',
    'id',
    'topic',
    'delta',
    'from',
    'body',
    'check',
    'at',
    'event',
    'data',
    'seq',
    'ack',
    'ping',
  ],
  ...['next', 'stale', 'denied', 'code', 'bye', 'dropped', 'reply', 'made', '__proto__', 'toJSON', 'then'],
);
const inHello = fc.constantFrom(
  'session',
  'heartbeat',
  'ack',
  'dropped',
  'link',
  'limits',
  'protocol',
  'identity',
);
const inLimits = fc.constantFrom('frame', 'depth', 'rate');
const frame = fc.oneof(
  { weight: 24, arbitrary: sound.map((each) => JSON.stringify(each)) },
  {
    weight: 12,
    arbitrary: fc.tuple(sound, name, odd).map(([each, key, bad]) => {
      const members = Object.entries(each).map(([own, held]) => [own, own === key ? bad : held] as const);
      return JSON.stringify(Object.fromEntries([...members, [key, bad]]));
    }),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(inHello, odd)
      .map(([key, bad]) => JSON.stringify({ hello: { ...hello, [key]: bad } })),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(inLimits, odd)
      .map(([key, bad]) => JSON.stringify({ hello: { ...hello, limits: { ...limits, [key]: bad } } })),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      ...['', 'null', '[]', '{', '"x"', '\u0000', '{"__proto__":{"hello":1}}', '[{"ping":true}]'],
    ),
  },
  // The rest is rare, because each takes as long as a hundred others.
  fc
    .constantFrom(600, 3_000)
    .map((depth) => `{"id":"a","version":1,"body":${'['.repeat(depth)}${']'.repeat(depth)}}`),
  fc.constant(
    JSON.stringify({
      version: 2,
      delta: true,
      body: Array.from({ length: 25 }, (_, index) => ({ op: 'copy', from: '', path: `/c${index}` })),
    }),
  ),
);
const stream = fc
  .tuple(fc.boolean(), fc.array(frame, { minLength: 1, maxLength: 8 }))
  .map(([isGreeted, frames]) =>
    isGreeted
      ? [JSON.stringify({ hello }), '{"id":"a","version":1,"body":{"a":{"b":[1,2]}}}', ...frames]
      : frames,
  );

const errors: unknown[] = [];
const onError = (error: unknown): void => void errors.push(error);
/** The streams that are to be sent, by the URL of the client. */
const streams = new Map<string, readonly string[]>();
/** The URL by which a transport was asked, as the client was given it. */
const named = (url: string): string => url.replace('ws:', 'http:').split('?')[0]!;
/** How long the last POST of a closed client may wait for its answer, in ms. */
const POST_MS = 21_000;
/** Runs pending work, including promises and streams, without waiting for real time. */
const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 6; turn++) await vi.advanceTimersByTimeAsync(turn < 5 ? 0 : 200);
};

/** The longest time that one message took, in ms of the processor. */
let slowest = 0;

class HostileSocket {
  onopen?: () => void;
  onmessage?: (event: { data: unknown }) => void;
  #isOpen = true;

  constructor(url: string) {
    const mine = streams.get(named(url)) ?? [];
    streams.delete(named(url));
    queueMicrotask(() => {
      this.onopen?.();
      for (const data of mine) {
        const begun = process.cpuUsage();
        if (this.#isOpen) this.onmessage?.({ data });
        slowest = Math.max(slowest, process.cpuUsage(begun).user / 1_000);
      }
    });
  }

  send(): void {}

  close(): void {
    this.#isOpen = false;
  }
}

/** Waits until the request is aborted, as `fetch` does for a server that does not answer. */
const never = ({ signal }: RequestInit): Promise<never> =>
  new Promise((_, reject) =>
    signal?.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
  );

/** The first answers to a client carry its stream; later requests are not answered. */
function stubFetch(contentType: string, cut: (frames: readonly string[]) => string[]): void {
  const answers = new Map([...streams].map(([url, frames]) => [url, cut(frames)]));
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    const body = answers.get(named(url))?.shift();
    return body === undefined
      ? never(init)
      : Promise.resolve(new Response(body, { headers: { 'content-type': contentType } }));
  });
}

const transports: Record<string, { readonly create: () => Transport; readonly begin: () => void }> = {
  websocket: {
    create: () => websocket(HostileSocket)!,
    begin() {},
  },
  sse: {
    create: sse,
    begin: () =>
      stubFetch('text/event-stream', (frames) => [frames.map((text) => `data: ${text}\n\n`).join('')]),
  },
  polling: {
    create: polling,
    begin: () =>
      stubFetch('application/json', (frames) => [
        `[${frames.slice(0, 3).join()}]`,
        `[${frames.slice(3).join()}]`,
      ]),
  },
};

const clients: Record<string, (url: string, transport: Transport) => () => void> = {
  'a connection with events'(url, transport) {
    const sync = connect(url, { transports: [transport] });
    for (const replica of [sync.replica(''), sync.replica('t')]) {
      replica.subscribe(() => {});
      replica.subscribePatches(() => {});
    }
    sync.on('e', () => {});
    sync.emit('e', 1);
    return () => sync.close();
  },
  'the classic API'(url, transport) {
    const live = velox(url, { a: { b: [1] } }, { transports: [transport] });
    live.onupdate = (obj) => void Object(obj).a;
    return live.disconnect;
  },
};

beforeEach(async () => {
  await load();
  errors.length = 0;
  vi.useFakeTimers();
  vi.stubGlobal('reportError', onError);
  process.on('unhandledRejection', onError);
});
afterEach(() => {
  process.off('unhandledRejection', onError);
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe.each(Object.entries(transports))('over %s', (_, { create, begin }) => {
  it.each(Object.entries(clients))(
    'no stream of a hostile server throws in %s, or leaves a timer behind',
    { timeout: 20_000 + numRuns * AT_ONCE * 15 },
    async (__, use) => {
      const batch = fc.array(stream, { minLength: AT_ONCE, maxLength: AT_ONCE });
      const property = fc.asyncProperty(batch, async (each) => {
        streams.clear();
        each.forEach((frames, index) => streams.set(`http://h/${index}`, frames));
        const urls = [...streams.keys()];
        begin();
        const closers = urls.map((url) => use(url, create()));
        await settle();
        for (const close of closers) close();
        await settle();
        await vi.advanceTimersByTimeAsync(POST_MS);
        expect(errors).toEqual([]);
        expect(vi.getTimerCount()).toBe(0);
        expect(slowest).toBeLessThan(1_000);
      });
      await fc.assert(property, { numRuns });
    },
  );
});

describe('a client that a hostile server fills', () => {
  const collect = runInNewContext('gc') as () => void;
  const size = 200_000;
  const big = (n: number): string => `${n} `.padEnd(size, 'text ');
  const FLOODS: Record<string, (n: number) => object> = {
    'snapshots of ever new versions': (n) => ({ id: 'a', version: n, body: big(n) }),
    'snapshots of ever new epochs': (n) => ({ id: `e${n}`, version: 1, body: big(n) }),
    'snapshots of ever new topics': (n) => ({ topic: `t${n}`, id: 'a', version: 1, body: big(n) }),
    'deltas that do not fit': (n) => ({
      version: n + 5,
      delta: true,
      body: [{ op: 'replace', path: '', value: big(n) }],
    }),
    'events of ever new names': (n) => ({ event: `e${n}`, data: big(n), seq: n }),
    'replies to calls that it did not make': (n) => ({ reply: n, data: big(n), seq: n }),
    'frames of unknown kinds': (n) => ({ unknown: big(n) }),
  };

  it.each(Object.entries(FLOODS))('with %s keeps at most ten messages', async (_, flood) => {
    const messages = 200;
    class Flood extends HostileSocket {
      override send(): void {
        if (this.isFlooded) return;
        this.isFlooded = true;
        this.onmessage?.({ data: JSON.stringify({ hello }) });
        for (let n = 1; n <= messages; n++) this.onmessage?.({ data: JSON.stringify(flood(n)) });
      }
      isFlooded = false;
    }
    collect();
    const before = process.memoryUsage().heapUsed;
    const sync = connect('http://h/flood', { transports: [websocket(Flood)!] });
    const replica = sync.replica('');
    replica.subscribe(() => {});
    sync.on('e', () => {});
    await settle();
    collect();
    const kept = process.memoryUsage().heapUsed - before;
    sync.close();
    expect(errors).toEqual([]);
    expect(kept).toBeLessThan(10 * size);
  });
});

/** The client: applies what comes, sharing every untouched branch. */
import assert from 'node:assert/strict';
import { createConnection } from '@velox/core';
import { apply } from '@velox/core/protocol';
import * as immer from 'immer';
import * as mutative from 'mutative';
import { KB, MB, clone, makeDocument, pick } from './documents.mjs';
import { aside, atLeast, atMost, ms, race, times } from './harness.mjs';

immer.enablePatches();

const toPointer = (path) => path.map((key) => `/${key}`).join('');
const toOperations = (patches) => patches.map(({ path, ...rest }) => ({ ...rest, path: toPointer(path) }));

/** Each step applies `patches[i]`, to the value of the step before, or always to the first. */
function appliers(document, patches, chained) {
  const make = (apply, freeze, convert) => () => {
    const changes = clone(patches.map(convert)); // parsed, as they come
    const first = freeze(clone(document));
    let value = first;
    return {
      step(i) {
        const next = apply(value, changes[i % changes.length]);
        if (chained) value = next;
        return next;
      },
      check() {
        const next = apply(first, changes[1]);
        assert.deepEqual(clone(next), immer.applyPatches(clone(document), patches[1]));
        assert.deepEqual(first, document);
        assert.equal(next.users, first.users);
      },
    };
  };
  const keep = (value) => value;
  return {
    velox: make(apply, keep, toOperations),
    immer: make(immer.applyPatches, (value) => immer.freeze(value, true), keep),
    mutative: make(mutative.apply, keep, keep),
  };
}

/** In a second lap the same rows get other values: a peer may notice that nothing changes. */
function oneField(bytes, laps = 2) {
  const { length } = makeDocument(bytes).rows;
  return Array.from({ length: laps * 1000 }, (_, i) => [
    { op: 'replace', path: ['rows', pick(i % 1000, length), 'price'], value: i + 0.5 },
  ]);
}

function fieldRows(bytes, label) {
  const result = race(appliers(makeDocument(bytes), oneField(bytes), true));
  const time = ms(result.time('velox'));
  return [
    atLeast(`${label}, one field: immer / velox`, result.ratio('immer', 'velox'), 20, times, `velox ${time}`),
    atLeast(`${label}, one field: mutative / velox`, result.ratio('mutative', 'velox'), 1, times),
  ];
}

function wideRows() {
  const wide = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`key${i}`, { i }]));
  const patches = Array.from({ length: 1000 }, (_, i) => [{ op: 'add', path: [`new${i}`], value: i }]);
  const result = race(appliers(wide, patches, false));
  const [ratio, time] = [result.ratio('mutative', 'velox'), ms(result.time('velox'))];
  return [
    atLeast('one key added to 10,000: mutative / velox', ratio, 0.85, times, `velox ${time}`),
    aside('one key added to 10,000: immer / velox', times(result.ratio('immer', 'velox'))),
  ];
}

/** A replica on a connection whose transport is a function, and a screen that is painted by hand. */
function replicaOf(document) {
  let paint;
  globalThis.requestAnimationFrame = (callback) => ((paint = callback), 1);
  globalThis.cancelAnimationFrame = () => {};
  let events;
  const transport = (_attempt, given) => ((events = given), { close() {}, send() {} });
  const sync = createConnection({ url: 'http://localhost/', transports: [transport] });
  const replica = sync.replica();
  let notified = 0;
  replica.subscribe(() => notified++);
  const opened = new Promise((resolve) => queueMicrotask(() => queueMicrotask(resolve)));
  return opened.then(() => {
    const receive = (frame) => events.onFrame(frame, '');
    receive({ hello: { protocol: 3, session: 's', heartbeat: 1e9, limits: { frame: 65_536 } } });
    let version = 1;
    receive({ id: 'x', version, body: clone(document) });
    paint();
    return {
      get: () => replica.get(),
      notified: () => notified,
      close: () => sync.close(),
      /** One animation frame, in which one message comes for each list of operations. */
      frame(messages) {
        for (const body of messages) receive({ version: ++version, delta: true, body });
        paint();
      },
    };
  });
}

async function burstRows() {
  const document = makeDocument(100 * KB);
  const operations = clone(oneField(100 * KB, 1).flatMap(toOperations));
  const expected = apply(document, operations);
  const bursts = { many: operations.map((operation) => [operation]), one: [operations] };
  const contenders = {};
  const close = [];
  for (const [name, messages] of Object.entries(bursts)) {
    const replica = await replicaOf(document);
    const { requestAnimationFrame } = globalThis;
    close.push(replica.close);
    contenders[name] = () => ({
      step() {
        globalThis.requestAnimationFrame = requestAnimationFrame;
        replica.frame(messages);
      },
      check() {
        const before = replica.notified();
        this.step();
        assert.deepEqual(replica.get(), expected);
        assert.equal(replica.notified() - before, 1);
      },
    });
  }
  const replicas = race(contenders);
  for (const end of close) end();

  const batch = (messages) => () => ({
    value: document,
    step() {
      const owned = new Set();
      for (const message of messages) this.value = apply(this.value, message, owned);
    },
  });
  const applied = race({ many: batch(bursts.many), one: batch(bursts.one) });
  const [whole, alone] = [replicas.ratio('many', 'one'), applied.ratio('many', 'one')];
  const beside = `one notification each; ${ms(replicas.time('many'))} / ${ms(replicas.time('one'))}`;
  return [
    atMost('1,000 messages of one op in one frame / 1 of 1,000, replica', whole, 1.3, times, beside),
    atMost('the same, apply alone', alone, 1.3, times, `${ms(applied.time('many'))}`),
  ];
}

export const title = 'apply: the client';
export const run = async () => [
  ...fieldRows(100 * KB, '100 KB'),
  ...fieldRows(MB, '1 MB'),
  ...wideRows(),
  ...(await burstRows()),
];

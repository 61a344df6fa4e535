/** The client applies each frame and shares every untouched branch. */
import assert from 'node:assert/strict';
import { apply } from '@velox/core/protocol';
import * as immer from 'immer';
import * as mutative from 'mutative';
import { KB, MB, clone, makeDocument, pick } from './documents.mjs';
import { aside, atLeast, atMost, ms, race, times } from './harness.mjs';
import { createReplica } from './replica.mjs';

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

/** The same through a whole connection, which applies all frames between two paints as one change. */
async function burstRows() {
  const document = makeDocument(100 * KB);
  const operations = clone(oneField(100 * KB, 1).flatMap(toOperations));
  const expected = apply(document, operations);
  const bursts = { many: operations.map((operation) => [operation]), one: [operations] };

  const painted = {};
  const applied = {};
  for (const [name, messages] of Object.entries(bursts)) {
    const replica = await createReplica(clone(document));
    painted[name] = () => ({
      step: () => replica.frame(messages),
      check() {
        const before = replica.notified;
        replica.frame(messages);
        assert.deepEqual(replica.get(), expected);
        assert.equal(replica.notified - before, 1);
      },
    });
    applied[name] = () => ({
      step() {
        const owned = new Set();
        return messages.reduce((value, message) => apply(value, message, owned), document);
      },
      check() {
        assert.deepEqual(this.step(), expected);
      },
    });
  }
  const [through, alone] = [race(painted), race(applied)];
  const row = (what, result, beside) =>
    atMost(
      `1,000 messages of one op in one frame / 1 of 1,000, ${what}`,
      result.ratio('many', 'one'),
      1.3,
      times,
      `${ms(result.time('many'))} / ${ms(result.time('one'))}${beside}`,
    );
  return [row('replica', through, '; one notification'), row('apply alone', alone, '')];
}

export const title = 'apply: the client';
export const run = async () => [
  ...fieldRows(100 * KB, '100 KB'),
  ...fieldRows(MB, '1 MB'),
  ...wideRows(),
  ...(await burstRows()),
];

/** The server: an object that the application changes in place, and pushes. */
import { KB, MB, makeDocument, pick } from './documents.mjs';
import { aside, atLeast, ms, race, size, times } from './harness.mjs';
import { checkPeer, fastJsonPatchState, mergePatchState } from './peers.mjs';
import { pushed } from './velox.mjs';

const CASES = [
  ['100 KB', 100 * KB, 2.5],
  ['1 MB', MB, 3.5],
  ['10 MB', 10 * MB, 3.5],
  ['1 MB without keys', MB, 3.5, ({ id: sku, ...rest }) => ({ sku, ...rest })],
];

const setPrice = (i, length) => (document) => {
  document.rows[pick(i, length)].price = i + 0.5;
};

function contender(create, bytes, toRow, check) {
  return () => {
    const document = makeDocument(bytes);
    document.rows = document.rows.map(toRow);
    const { length } = document.rows;
    const state = create(document);
    return {
      step: (i) => state.change(setPrice(i, length)),
      check: () => check(state, setPrice(-1, 1)),
    };
  };
}

function caseRows([label, bytes, reach, toRow = (row) => row]) {
  const result = race({
    velox: contender(pushed, bytes, toRow, (state, recipe) => state.check(recipe)),
    mergePatch: contender(mergePatchState, bytes, toRow, checkPeer),
    observe: contender(fastJsonPatchState, bytes, toRow, checkPeer),
  });
  const own = `velox ${ms(result.time('velox'))}, ${size(result.checked('velox').bytes)}; merge patch ${size(result.checked('mergePatch').bytes)}`;
  return [
    atLeast(
      `one field, ${label}: stringify + merge patch + parse / velox`,
      result.ratio('mergePatch', 'velox'),
      reach,
      times,
      own,
    ),
    aside(
      `one field, ${label}: fast-json-patch observe / velox`,
      times(result.ratio('observe', 'velox')),
      size(result.checked('observe').bytes),
    ),
  ];
}

export const title = 'push: an object changed in place';
export const run = () => CASES.flatMap(caseRows);

/** The server: an object that the application changes in place, and pushes. */
import { KB, MB, makeDocument, pick } from './documents.mjs';
import { aside, atLeast, ms, race, size, times } from './harness.mjs';
import { checkPeer, fastJsonPatchState, mergePatchState } from './peers.mjs';
import { pushed } from './velox.mjs';

const SIZES = [
  ['100 KB', 100 * KB, 2.5],
  ['1 MB', MB, 3.5],
  ['10 MB', 10 * MB, 3.5],
];

const setPrice = (i, length) => (document) => {
  document.rows[pick(i, length)].price = i + 0.5;
};

function contender(create, bytes, check) {
  return () => {
    const document = makeDocument(bytes);
    const { length } = document.rows;
    const state = create(document);
    return {
      step: (i) => state.change(setPrice(i, length)),
      check: () => check(state, setPrice(-1, 1)),
    };
  };
}

function sizeRows([label, bytes, reach]) {
  const result = race({
    velox: contender(pushed, bytes, (state, recipe) => state.check(recipe)),
    mergePatch: contender(mergePatchState, bytes, checkPeer),
    observe: contender(fastJsonPatchState, bytes, checkPeer),
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
export const run = () => SIZES.flatMap(sizeRows);

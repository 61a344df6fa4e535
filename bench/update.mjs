/** The server: a value that is changed by a recipe, flushed, and turned into the text that is sent. */
import { KB, MB, makeDocument, pick } from './documents.mjs';
import { aside, atLeast, atMost, ms, race, times } from './harness.mjs';
import { checkPeer, colyseusState, immerState, mutativeState } from './peers.mjs';
import { updated } from './velox.mjs';

const setPrice = (i, length) => (draft) => {
  draft.rows[pick(i, length)].price = i + 0.5;
};

const ours = (document) => () => {
  const { length } = document.rows;
  const state = updated(document);
  return {
    step: (i) => state.change(setPrice(i, length)),
    check: () => state.check(setPrice(-1, 1)),
  };
};

const peer = (create, bytes) => () => {
  const document = makeDocument(bytes);
  const { length } = document.rows;
  const state = create(document);
  return {
    step: (i) => state.change(setPrice(i, length)),
    check: () => checkPeer(state, setPrice(-1, 1)),
  };
};

const colyseus = (bytes) => () => {
  const document = makeDocument(bytes);
  const { length } = document.rows;
  const state = colyseusState(document);
  return { step: (i) => state.change(setPrice(i, length)), check: () => state.check(setPrice(-1, 1)) };
};

function sizeRows() {
  const result = race({ small: ours(makeDocument(KB)), large: ours(makeDocument(10 * MB)) });
  const beside = `${ms(result.time('large'))} / ${ms(result.time('small'))}`;
  return [atMost('one field, 10 MB / 1 KB', result.ratio('large', 'small'), 2, times, beside)];
}

function peerRows() {
  const result = race({
    velox: ours(makeDocument(MB)),
    immer: peer(immerState, MB),
    mutative: peer(mutativeState, MB),
    '@colyseus/schema': colyseus(MB),
  });
  const own = `velox ${ms(result.time('velox'))}, ${result.checked('velox').bytes} B`;
  return [
    atLeast(
      'one field, 1 MB: immer produceWithPatches / velox',
      result.ratio('immer', 'velox'),
      20,
      times,
      own,
    ),
    atLeast(
      'one field, 1 MB: mutative / velox',
      result.ratio('mutative', 'velox'),
      4,
      times,
      `mutative ${ms(result.time('mutative'))}`,
    ),
    aside(
      'one field, 1 MB: @colyseus/schema / velox',
      times(result.ratio('@colyseus/schema', 'velox')),
      `binary, ${result.checked('@colyseus/schema').bytes} B; own classes instead of plain objects`,
    ),
  ];
}

export const title = 'update: a recipe on the server';
export const run = () => [...sizeRows(), ...peerRows()];

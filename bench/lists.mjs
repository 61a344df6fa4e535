/** Measures the time and the sent bytes of an insertion, a removal, a move or a new order of a list. */
import { clone, row, rows } from './documents.mjs';
import { aside, atLeast, atMost, count, ms, race, size } from './harness.mjs';
import {
  checkPeer,
  colyseusState,
  fastJsonPatchState,
  immerState,
  jsondiffpatchState,
  mutativeState,
} from './peers.mjs';
import { pushed, updated } from './velox.mjs';

const LENGTH = 1000;
const MIDDLE = LENGTH / 2;
/** The overhead that a frame may have besides the inserted value. */
const ENVELOPE = 200;
const OURS = { update: updated, push: pushed };

/** `undo` brings the list back to its length, untimed. */
const EDITS = [
  {
    what: 'insert in front',
    edit: (list, value) => list.unshift(value),
    undo: (list) => list.shift(),
    inserts: true,
  },
  {
    what: 'insert in the middle',
    edit: (list, value) => list.splice(MIDDLE, 0, value),
    undo: (list) => list.splice(MIDDLE, 1),
    inserts: true,
  },
  {
    what: 'remove the first',
    edit: (list) => list.shift(),
    undo: (list, value) => list.unshift(value),
  },
  {
    what: 'move last to first',
    edit: (list) => list.unshift(list.pop()),
    undo: (list) => list.push(list.shift()),
    moves: true,
  },
];

function contender(create, check, { edit, undo }) {
  return () => {
    const state = create({ rows: rows(LENGTH) });
    const make = state.row ?? ((plain) => plain);
    let id = LENGTH;
    const perform = ({ rows }) => void edit(rows, make(row(id++)));
    const restore = ({ rows }) => void undo(rows, make(row(id++)));
    const back = () => {
      state.settle?.();
      state.change(restore);
      state.settle?.();
    };
    return {
      step: () => state.change(perform),
      undo: back,
      check() {
        const checked = check(state, perform);
        back();
        return checked;
      },
    };
  };
}

/** Counts the rows of the client that are the very same objects after the change. */
function checkOurs(state, recipe) {
  const { bytes, before, after } = state.check(recipe);
  const known = new Set(before.rows);
  return { bytes, kept: after.rows.filter((each) => known.has(each)).length };
}

function editRows(edit) {
  const peers = {
    'fast-json-patch': contender(fastJsonPatchState, checkPeer, edit),
    jsondiffpatch: contender(jsondiffpatchState, checkPeer, edit),
    immer: contender(immerState, checkPeer, edit),
    mutative: contender(mutativeState, checkPeer, edit),
    // version 5.0.34 diverges when an instance is moved within a tick
    ...(!edit.moves && {
      '@colyseus/schema': contender(colyseusState, (state, recipe) => state.check(recipe), edit),
    }),
  };
  const ours = Object.entries(OURS).map(([way, create]) => [way, contender(create, checkOurs, edit)]);
  const result = race({ ...Object.fromEntries(ours), ...peers }, { rounds: 7 });
  const value = edit.inserts ? Buffer.byteLength(JSON.stringify(row(LENGTH))) : 0;
  const beside = Object.keys(peers).map(
    (name) => `${name} ${size(result.checked(name).bytes)} ${ms(result.time(name))}`,
  );
  return [
    ...Object.keys(OURS).flatMap((way) => {
      const { bytes, kept } = result.checked(way);
      return [
        atMost(`${edit.what}, ${way}: bytes`, bytes, ENVELOPE + value, size),
        atMost(`${edit.what}, ${way}: time`, result.time(way), 2, ms),
        atLeast(`${edit.what}, ${way}: rows that stay ===`, kept, 999, count),
      ];
    }),
    aside(`${edit.what}: the others`, '', beside.join(', ')),
  ];
}

/** Fisher and Yates, with numbers that are the same each time. */
function shuffle(list) {
  let seed = 1;
  for (let i = list.length - 1; i > 0; i--) {
    seed = (seed * 48_271) % 2_147_483_647;
    const other = seed % (i + 1);
    [list[i], list[other]] = [list[other], list[i]];
  }
  return list;
}

const ORDERS = {
  reverse: (document) => void document.rows.reverse(),
  shuffle: (document) => void (document.rows = shuffle([...document.rows])),
  'shuffle in place': (document) => void shuffle(document.rows),
};

function orderRows([what, recipe]) {
  const many = rows(10 * LENGTH);
  const snapshot = Buffer.byteLength(JSON.stringify({ rows: many }));
  const make = (create, check) => () => {
    const state = create({ rows: clone(many) });
    const send = state.send ?? state.change;
    return { step: () => send.call(state, recipe), check: () => check(state, recipe) };
  };
  const ours = Object.entries(OURS).map(([way, create]) => [way, make(create, checkOurs)]);
  const peers = { immer: make(immerState, checkPeer), mutative: make(mutativeState, checkPeer) };
  const result = race({ ...Object.fromEntries(ours), ...peers }, { rounds: 7 });
  const beside = Object.keys(peers).map(
    (name) => `${name} ${size(result.checked(name).bytes)} ${ms(result.time(name))}`,
  );
  return [
    ...Object.keys(OURS).flatMap((way) => [
      atMost(`${what} 10,000 rows, ${way}: bytes`, result.checked(way).bytes, snapshot + 100, count),
      atMost(`${what} 10,000 rows, ${way}: time`, result.time(way), 50, ms),
    ]),
    aside(`${what} 10,000 rows: the others`, '', `${beside.join(', ')}; rfc6902 runs out of memory`),
  ];
}

export const title = 'lists: 1,000 rows, and new orders of 10,000';
export const run = () => [...EDITS.flatMap(editRows), ...Object.entries(ORDERS).flatMap(orderRows)];

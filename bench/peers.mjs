/** The other libraries, each as it is meant to be used. */
import assert from 'node:assert/strict';
import { ArraySchema, Decoder, Encoder, MapSchema, schema, t } from '@colyseus/schema';
import fjp from 'fast-json-patch';
import * as immer from 'immer';
import mergePatch from 'json-merge-patch';
import * as jsondiffpatch from 'jsondiffpatch';
import * as mutative from 'mutative';
import { clone } from './documents.mjs';

immer.enablePatches();
Encoder.BUFFER_SIZE = 4 << 20;

/** A value held as immutable; `change(recipe)` gives the text of the patches. */
export function immerState(document) {
  let value = immer.freeze(document, true);
  return {
    get: () => value,
    change(recipe) {
      const [next, patches] = immer.produceWithPatches(value, recipe);
      value = next;
      return JSON.stringify(patches);
    },
    apply: (before, text) => immer.applyPatches(before, JSON.parse(text)),
  };
}

export function mutativeState(document) {
  let value = document;
  return {
    get: () => value,
    change(recipe) {
      const [next, patches] = mutative.create(value, recipe, { enablePatches: true });
      value = next;
      return JSON.stringify(patches);
    },
    apply: (before, text) => mutative.apply(before, JSON.parse(text)),
  };
}

/** A value that is changed in place, and diffed with a copy that the library keeps. */
export function fastJsonPatchState(document) {
  const observer = fjp.observe(document);
  return {
    get: () => document,
    change(recipe) {
      recipe(document);
      return JSON.stringify(fjp.generate(observer));
    },
    apply: (before, text) => fjp.applyPatch(before, JSON.parse(text)).newDocument,
  };
}

/** The ancestor's way: a copy through JSON text, and a merge patch (RFC 7396) against the copy before. */
export function mergePatchState(document) {
  let last = clone(document);
  return {
    get: () => document,
    change(recipe) {
      recipe(document);
      const next = clone(document);
      const text = JSON.stringify(mergePatch.generate(last, next));
      last = next;
      return text;
    },
    apply: (before, text) => mergePatch.apply(before, JSON.parse(text)),
  };
}

/** Its diff alone is timed by whoever calls `diff`: it keeps no copy. */
export function jsondiffpatchState(document) {
  const differ = jsondiffpatch.create({ objectHash: (value) => value.id });
  let last = clone(document);
  return {
    get: () => document,
    change(recipe) {
      recipe(document);
      return JSON.stringify(differ.diff(last, document));
    },
    /** Untimed: the work that the application would have to do itself. */
    settle() {
      last = clone(document);
    },
    apply: (before, text) => differ.patch(before, JSON.parse(text)),
  };
}

const Row = schema(
  {
    id: t.uint32(),
    name: t.string(),
    price: t.float64(),
    stock: t.uint32(),
    active: t.boolean(),
    tags: t.array('string'),
    note: t.string(),
  },
  'Row',
);
const Board = schema({ rows: t.array(Row), users: t.map(Row) }, 'Board');

/** Own classes instead of plain objects, and a binary form. `row` makes an instance of a plain row. */
export function colyseusState(document) {
  const row = (plain) => Object.assign(new Row(), { ...plain, tags: new ArraySchema(...plain.tags) });
  const board = new Board();
  board.rows = new ArraySchema(...document.rows.map(row));
  board.users = new MapSchema();
  for (const [key, plain] of Object.entries(document.users ?? {})) board.users.set(key, row(plain));
  const encoder = new Encoder(board);
  const decoder = new Decoder(new Board());
  decoder.decode(encoder.encodeAll().slice());
  encoder.discardChanges();
  return {
    row,
    change(recipe) {
      recipe(board);
      const bytes = encoder.encode().slice();
      encoder.discardChanges();
      return bytes;
    },
    /** Takes one step and decodes its result. */
    check(recipe) {
      const bytes = this.change(recipe);
      decoder.decode(bytes);
      assert.deepEqual(decoder.state.toJSON(), board.toJSON());
      return { bytes: bytes.length };
    },
  };
}

/** Takes one step of a state, applies its text to the value before, and counts its bytes. */
export function checkPeer(state, recipe) {
  const before = clone(state.get());
  const text = state.change(recipe);
  assert.deepEqual(clone(state.apply(before, text)), clone(state.get()));
  state.settle?.();
  return { bytes: Buffer.byteLength(text) };
}

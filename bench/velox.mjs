/** A Velox state with the interface of the other contenders. */
import assert from 'node:assert/strict';
import { apply } from '@velox/core/protocol';
import * as velox from '@velox/server';
import { clone } from './documents.mjs';

function contender(state, change) {
  return {
    /** Changes the value; the position makes it flush, and so makes the text of the patch. */
    change(recipe) {
      change(recipe);
      return state.position();
    },
    /** Changes the value and makes the frame of the delta, or of the snapshot that is sent when it is no longer. */
    send(recipe) {
      const from = state.position().version;
      const { id, version } = this.change(recipe);
      const patch = state.since(from);
      return patch === undefined
        ? `{"id":"${id}","version":${version},"body":${state.text()}}`
        : `{"version":${version},"delta":true,"body":${patch}}`;
    },
    /** Takes one step and applies it to a copy of the value before; gives the bytes, and the copy before and after. */
    check(recipe) {
      const before = clone(state.get());
      const text = this.send(recipe);
      const { delta, body } = JSON.parse(text);
      const after = delta ? apply(before, body) : body;
      assert.deepEqual(after, clone(state.get()));
      return { bytes: Buffer.byteLength(text), before, after };
    },
  };
}

/** A state that owns its value and is changed by `update`. */
export function updated(document) {
  const state = velox.state(document);
  return contender(state, (recipe) => state.update(recipe));
}

/** A state that watches `document`, which is changed in place and pushed. */
export function pushed(document) {
  const state = velox.state(document);
  state.push();
  return contender(state, (recipe) => {
    recipe(document);
    state.push();
  });
}

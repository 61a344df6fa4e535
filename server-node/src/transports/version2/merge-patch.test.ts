import { apply, type Operation } from '@velox/core/protocol';
import { describe, expect, it } from 'vitest';
import { toKindPatch, toMergePatch, withoutOtherKinds } from './merge-patch.js';

type Members = Record<string, unknown>;

function patchOf(before: Members, operations: readonly Operation[]): unknown {
  return toMergePatch(before, apply(before, operations) as Members, operations);
}

const replace = (path: string, value: unknown): Operation => ({ op: 'replace', path, value });
const add = (path: string, value: unknown): Operation => ({ op: 'add', path, value });
const remove = (path: string): Operation => ({ op: 'remove', path });

describe('a merge patch of a step', () => {
  it.each<[string, Members, Operation[], unknown]>([
    ['a member', { a: 1, b: 2 }, [replace('/a', 3)], { a: 3 }],
    ['a removed member', { a: 1, b: 2 }, [remove('/a')], { a: null }],
    ['a member of a member', { a: { b: 1, c: 2 } }, [replace('/a/b', 3)], { a: { b: 3 } }],
    [
      'the first list on the way',
      { a: { b: [1, { c: 2 }] } },
      [replace('/a/b/1/c', 3)],
      { a: { b: [1, { c: 3 }] } },
    ],
    ['a list, once, after two steps in it', { a: [1] }, [add('/a/-', 2), add('/a/0', 0)], { a: [0, 1, 2] }],
    [
      'a moved member at both places',
      { a: 1, b: {} },
      [{ op: 'move', from: '/a', path: '/b/c' }],
      { a: null, b: { c: 1 } },
    ],
    ['a copied member', { a: [1] }, [{ op: 'copy', from: '/a', path: '/b' }], { b: [1] }],
    ['an escaped key', { 'a/~': 1 }, [replace('/a~1~0', 2)], { 'a/~': 2 }],
    ['an object that was a list', { a: [1] }, [replace('/a', { b: 1 })], { a: { b: 1 } }],
    ['a list that was an object', { a: { b: 1 } }, [replace('/a', [1])], { a: [1] }],
    ['what was added inside of a new object', {}, [add('/a', {}), add('/a/b', 1)], { a: { b: 1 } }],
    ['nothing for a member that came and went', { a: 1 }, [add('/b', 1), remove('/b')], {}],
    ['a null inside of a list', {}, [add('/a', [null, { b: null }])], { a: [null, { b: null }] }],
  ])('has %s', (_, before, operations, patch) => {
    expect(patchOf(before, operations)).toEqual(patch);
  });

  it.each<[string, Members, Operation[]]>([
    ['a member becomes null', { a: 1 }, [replace('/a', null)]],
    ['a new object has a null inside', {}, [add('/a', { b: { c: null } })]],
    ['an object takes the place of an object', { a: { b: 1 } }, [replace('/a', { c: 1 })]],
    ['the root is replaced', { a: 1 }, [replace('', { b: 1 })]],
    ['a new object has an unsafe key', {}, [add('/a', { constructor: 1 })]],
    ['a removal is beside a member hasOwnProperty', { a: 1, hasOwnProperty: 2 }, [remove('/a')]],
  ])('does not exist if %s', (_, before, operations) => {
    expect(patchOf(before, operations)).toBeUndefined();
  });

  it('does not exist if a path has an unsafe key', () => {
    const before = { constructor: { a: 1 } };
    expect(toMergePatch(before, { constructor: { a: 2 } }, [replace('/constructor/a', 2)])).toBeUndefined();
  });
});

describe('a merge patch of kinds', () => {
  it('has the places where a list became an object or the reverse, without nulls, and nothing else', () => {
    const before = { a: [1], b: { c: {} }, d: [[1]], e: 1, f: { g: 1 } };
    const after = { a: { x: 1, y: null }, b: { c: [null] }, d: [{ z: 1 }], e: 2, f: { g: 2 } };
    expect(toKindPatch(before, after)).toEqual({ a: { x: 1 }, b: { c: [null] }, d: [{ z: 1 }] });
  });

  it('does not exist if all containers keep their kind', () => {
    expect(toKindPatch({ a: [1], b: {} }, { a: [2], b: { c: [] }, d: [] })).toBeUndefined();
  });

  it('is unsafe if a key is; then the members in question can be left out', () => {
    const before = { a: 1, b: { prototype: [1], c: 1 } };
    const after = { a: 2, b: { prototype: { d: 1 }, c: 2 } };
    expect(toKindPatch(before, after)).toBe('unsafe');
    expect(withoutOtherKinds(before, after)).toEqual({ a: 2, b: { c: 2 } });
  });
});

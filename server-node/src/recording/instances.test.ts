import { describe, expect, it } from 'vitest';
import { createRecorder } from './recorder.js';

class Animal {
  name = 'Rex';
  rename(name: string): void {
    this.name = name;
  }
}
class Dog extends Animal {
  get loud(): string {
    return this.name.toUpperCase();
  }
}
class Cat extends Animal {
  toJSON(): object {
    return { name: this.name, lives: 9 };
  }
}
type Pet = Animal & { loud?: string; lives?: number };

describe('a draft of a class instance', () => {
  it.each<[string, Animal]>([
    ['Dog', new Dog()],
    ['Cat', new Cat()],
  ])('says why %s has no method any more', (name, pet) => {
    const recorder = createRecorder<{ pet: Pet }>({ pet });
    const message = `velox: a draft holds JSON, so that of ${name} has no method "rename". Call a function with the draft.`;
    expect(() => recorder.update((d) => d.pet.rename('Tom'))).toThrow(message);
    const assign = (): void =>
      recorder.update((d) => {
        d.pet = new Dog();
        d.pet.rename('Tom');
      });
    expect(assign).toThrow('that of Dog has no method "rename"');
  });

  it('reads and writes the members of its JSON, and has no others', () => {
    const recorder = createRecorder<{ pet: Pet }>({ pet: new Dog() });
    recorder.update((d) => {
      expect([d.pet.loud, d.pet.lives, JSON.stringify(d.pet)]).toEqual([
        undefined,
        undefined,
        '{"name":"Rex"}',
      ]);
      d.pet.name = 'Tom';
      (d.pet as { rename: unknown }).rename = 1;
    });
    expect(recorder.value).toEqual({ pet: { name: 'Tom', rename: 1 } });
  });
});

describe('an object whose content JSON would lose', () => {
  it.each<[string, object]>([
    ['a Map', new Map()],
    ['a Set', new Set()],
    ['a WeakMap', new WeakMap()],
    ['a RegExp', /a/],
    ['a Promise', Promise.resolve()],
    ['a Uint8Array', new Uint8Array(1)],
    ['a Float64Array', new Float64Array(1)],
    ['a DataView', new DataView(new ArrayBuffer(1))],
    ['a WeakSet', new WeakSet()],
    ['a WeakRef', new WeakRef({})],
    ['an ArrayBuffer', new ArrayBuffer(1)],
    ['an Error', new TypeError('lost')],
    ['a Headers', new Headers()],
    ['a URLSearchParams', new URLSearchParams()],
    ['a FormData', new FormData()],
    ['a Blob', new Blob()],
    ['an Array Iterator', [1].values()],
    ['a Generator', (function* () {})()],
  ])('is refused: %s', (name, value) => {
    const message = `velox: ${name} at /a/b cannot be sent as JSON.`;
    expect(() => createRecorder<unknown>({ a: { b: value } })).toThrow(message);
    const recorder = createRecorder<{ a: object }>({ a: {} });
    expect(() => recorder.update((d) => void (d.a = { b: value }))).toThrow(message);
    expect(() => recorder.reconcile({ a: { b: value } })).toThrow(message);
    expect(recorder.value).toEqual({ a: {} });
  });

  it('is refused with advice: a Map', () => {
    expect(() => createRecorder<unknown>(new Map())).toThrow(
      'velox: a Map at the root of the value cannot be sent as JSON. Convert it by Object.fromEntries(map), or use a VMap.',
    );
  });

  it('may give its content by toJSON', () => {
    class Failure extends Error {
      toJSON(): object {
        return { message: this.message };
      }
    }
    const recorder = createRecorder<unknown>({ url: new URL('http://h/'), failure: new Failure('lost') });
    expect(recorder.value).toEqual({ url: 'http://h/', failure: { message: 'lost' } });
  });
});

/** A client with an older version gets the shorter of snapshot and delta, counted in bytes of UTF-8 as they are sent. */
import type { Position } from '@velox/core/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stateOf as publishedStateOf, type PublishedState } from '../src/published-state.js';
import { numRuns, timeout } from './rig/documents.js';

type Words = Record<string, string | undefined>;

/** The text of the state frame that a client at this position is sent. */
async function sentTo(state: PublishedState<Words>, { id, version }: Position): Promise<string> {
  const url = `http://localhost/?velox=3&id=${id}&v=${version}`;
  const answer = await state.fetch(new Request(url, { headers: { accept: 'text/event-stream' } }));
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  const text = new TextDecoder().decode((await reader.read()).value);
  await reader.cancel();
  return [...text.matchAll(/^data: (.*)$/gm)][1]?.[1] ?? ''; // after hello
}

/** The expected frame: by PROTOCOL.md, the snapshot unless it is longer than the delta. */
function shorter(state: PublishedState<Words>, { version: from }: Position): string {
  const { id, version } = state.position();
  const patch = state.since(from);
  const snapshot = `{"id":"${id}","version":${version},"body":${state.text()}}`;
  if (from === version) return `{"id":"${id}","version":${version}}`;
  if (patch === undefined) return snapshot;
  const since = from === version - 1 ? '' : `,"from":${from}`;
  const delta = `{"id":"${id}","version":${version},"delta":true${since},"body":${patch}}`;
  return Buffer.byteLength(delta) < Buffer.byteLength(snapshot) ? delta : snapshot;
}

/** Makes a state and changes it version by version; gives all its positions. */
function stateOf(words: Words, changes: readonly Words[]): [state: PublishedState<Words>, at: Position[]] {
  const state = publishedStateOf(words);
  const at = [state.position()];
  for (const change of changes) {
    state.update((draft) => void Object.assign(draft, change));
    at.push(state.position());
  }
  return [state, at];
}

const kindOf = (frame: string): string => (frame.includes('"delta":true') ? 'delta' : 'snapshot');

describe('a client that resumes', () => {
  const [latin, cjk] = ['x', '字'];
  const keys = (value: string | undefined): Words =>
    Object.fromEntries(Array.from({ length: 20 }, (_, n) => [`key${n}`, value]));
  it.each([
    ['one small step', { a: '', pad: latin.repeat(500) }, [{ a: 'b' }], 'delta'],
    ['a step that is nearly all', { a: '', pad: latin.repeat(5) }, [{ a: latin.repeat(500) }], 'snapshot'],
    [
      'many small steps to one key, longer than the value together',
      { a: '', pad: latin.repeat(200) },
      Array.from({ length: 20 }, (_, n) => ({ a: `${n}` })),
      'snapshot',
    ],
    [
      'steps with fewer characters than the value, but more bytes',
      { a: '', pad: latin.repeat(1_000) },
      [{ a: cjk.repeat(400) }, { a: '' }],
      'snapshot',
    ],
    [
      'steps with more characters than the value, but fewer bytes',
      { a: '', pad: cjk.repeat(400) },
      Array.from({ length: 15 }, (_, n) => ({ a: `${n}` })),
      'delta',
    ],
    [
      'one step with more characters than the value, but fewer bytes',
      { ...keys('x'), pad: cjk.repeat(300) },
      [keys(undefined)],
      'delta',
    ],
    ['one step of the kind', { a: '', pad: cjk.repeat(100) }, [{ a: latin.repeat(100) }], 'delta'],
  ])('after %s gets the shorter frame', async (_, words, changes, kind) => {
    const [state, [start]] = stateOf(words, changes);
    const frame = await sentTo(state, start as Position);
    expect(kindOf(frame)).toBe(kind);
    expect(frame).toBe(shorter(state, start as Position));
  });

  it('from any version gets the shorter form after every sequence of changes', { timeout }, async () => {
    const letter = fc.constantFrom('x', '字', '😀', 'é');
    const word = fc.tuple(letter, fc.nat(200)).map(([of, times]) => of.repeat(times));
    const words = fc.dictionary(fc.constantFrom('a', 'b', '鍵'), word, { minKeys: 1 });
    const start = fc.tuple(words, fc.nat(1_000)).map(([some, pad]) => ({ ...some, pad: 'x'.repeat(pad) }));
    const kinds = new Set<string>();
    await fc.assert(
      fc.asyncProperty(start, fc.array(words, { minLength: 1, maxLength: 5 }), async (initial, changes) => {
        const [state, positions] = stateOf(initial, changes);
        for (const position of positions) {
          const frame = await sentTo(state, position);
          kinds.add(kindOf(frame));
          expect(frame).toBe(shorter(state, position));
        }
      }),
      { numRuns },
    );
    expect([...kinds].sort()).toEqual(['delta', 'snapshot']);
  });
});

/** Random documents and steps, seen by both clients of version 2. */
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ServerFrame } from '@velox/core/protocol';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LocalState } from '../../src/state/local-state.js';
import { Message } from '../../src/wire/message.js';
import { TranslatingOutlet } from '../../src/transports/version2/outlet.js';
import { act, action, DRAFT } from '../rig/actions.js';
import { canonical, document, json, numRuns, timeout, value } from '../rig/documents.js';
import { FakeOutlet } from '../rig/fake-outlet.js';
import { GoClient, JsClient } from '../rig/version2-clients.js';

/** The library that velox.js applies deltas with; it has no types. */
const judge = createRequire(import.meta.url)('json-merge-patch') as {
  apply(target: unknown, patch: object): unknown;
};

const isObject = (given: unknown): given is object =>
  typeof given === 'object' && given !== null && !Array.isArray(given);

const root = document.filter((given) => isObject(json(given)));
const step = fc.oneof(
  { weight: 9, arbitrary: fc.array(action(), { minLength: 1, maxLength: 4 }) },
  { weight: 1, arbitrary: value.filter((given) => isObject(json(given) ?? 1) || json(given) === null) },
);

it(
  'random steps reach both clients correctly, as deltas if a merge patch can express them',
  () => {
    const counts = { steps: 0, deltas: 0, wholes: 0 };
    fc.assert(
      fc.property(root, fc.array(step, { minLength: 1, maxLength: 3 }), (given, steps) => {
        const state = new LocalState<unknown>(given);
        const inner = new FakeOutlet();
        const outlet = new TranslatingOutlet(inner, ({ code }) => expect(code).toBe('no refusal'));
        const clients = [new GoClient(), new JsClient()];
        const send = (frame: Partial<ServerFrame>): string[] => {
          outlet.write([new Message(JSON.stringify(frame))]);
          const texts = inner.takeTexts();
          for (const client of clients) for (const text of texts) client.receive(text);
          const wanted = canonical(json(state.get()) ?? {});
          for (const client of clients) expect(canonical(client.value)).toBe(wanted);
          return texts;
        };
        outlet.write([new Message('{"hello":{}}')]);
        for (const text of inner.takeTexts()) for (const client of clients) client.receive(text);
        send({ ...state.position(), body: state.snapshot().body });
        for (const each of steps) {
          const { version } = state.position();
          const before = state.snapshot().body;
          if (Array.isArray(each)) state.update((draft) => each.forEach((one) => act(DRAFT, draft, one)));
          else state.set(each);
          const after = state.position();
          if (after.version === version || !isObject(state.get() ?? {})) return outlet.end();
          const patch = state.since(version);
          const texts = patch
            ? send({ version: after.version, delta: true, body: JSON.parse(patch) as [] })
            : send({ ...after, body: state.snapshot().body });
          counts.steps++;
          const update = JSON.parse(texts.at(-1) as string) as { delta?: true; body: object };
          counts[update.delta ? 'deltas' : 'wholes']++;
          if (!update.delta) continue;
          expect(canonical(judge.apply(before ?? {}, update.body))).toBe(canonical(json(state.get())));
          expect(Buffer.byteLength(JSON.stringify(update.body))).toBeLessThan(
            Buffer.byteLength(state.text()),
          );
        }
        outlet.end();
      }),
      { numRuns },
    );
    if (process.env.VELOX_FIGURES) writeFileSync(process.env.VELOX_FIGURES, JSON.stringify(counts));
    expect(counts.deltas).toBeGreaterThan(counts.steps / 4);
  },
  timeout,
);

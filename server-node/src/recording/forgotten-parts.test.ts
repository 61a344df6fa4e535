import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it, vi } from 'vitest';
import { createRecorder, type Recorder } from './recorder.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

type Doc = Record<'a' | 'b', { n: number }>;
const ways: Record<string, (recorder: Recorder<Doc>, change: (doc: Doc) => void) => void> = {
  update: (recorder, change) => recorder.update(change),
  live: (recorder, change) => change(recorder.live()),
};

it.each(Object.entries(ways))('a part that its copy replaced is forgotten: %s', async (_, run) => {
  const recorder = createRecorder<Doc>({ a: { n: 1 }, b: { n: 2 } });
  const parts: WeakRef<object>[] = [];
  for (let round = 0; round < 50; round++) {
    parts.push(new WeakRef(recorder.value.a));
    run(recorder, (doc) => void (doc.b = doc.a));
    run(recorder, (doc) => void (doc.a = doc.b));
    recorder.take();
  }
  await vi.waitFor(
    async () => {
      await new Promise((resolve) => setImmediate(resolve)); // weak references end with their turn
      collect();
      expect(parts.filter((part) => part.deref()).length).toBeLessThan(5);
    },
    { timeout: 20_000, interval: 50 },
  );
  expect(recorder.value).toEqual({ a: { n: 1 }, b: { n: 1 } });
});

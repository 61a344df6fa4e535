import { createRecorder } from './recorder.js';
import { expect, it } from 'vitest';

it(
  'leaves out 150,000 members without a value and removes one of as many others, in one pass',
  { timeout: 60_000 },
  () => {
    const members = (prefix: string, value?: number): object =>
      Object.fromEntries(Array.from({ length: 150_000 }, (_, index) => [`${prefix}${index}`, value]));
    const kept = members('k', 1);
    const recorder = createRecorder<object>({ ...kept, gone: 1 });
    recorder.reconcile({ ...kept, ...members('u') }); // to search a list for each member would take longer than the test may
    expect(recorder.take()).toBe('[{"op":"remove","path":"/gone"}]');
  },
);

it.each<[string, (text: string) => object, string]>([
  ['member', (text) => ({ text, rows: [1] }), '/text'],
  ['item', (text) => [1, text], '/1'],
])('sends a long text once that grows by one character, as a %s', (_, create, path) => {
  const text = 'x'.repeat(1_000_000);
  const recorder = createRecorder(create(text));
  recorder.reconcile(create(`${text}y`));
  expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'replace', path, value: `${text}y` }]);
});

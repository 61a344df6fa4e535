import { createRecorder } from './recorder.js';
import { expect, it, onTestFinished, vi } from 'vitest';

it('leaves out 2,000 members without a value and removes one of as many others, without searching a list for each', () => {
  const members = (prefix: string, value?: number): object =>
    Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`${prefix}${index}`, value]));
  const kept = members('k', 1);
  const recorder = createRecorder<object>({ ...kept, gone: 1 });
  const searches = (['includes', 'indexOf', 'find', 'findIndex', 'some'] as const).map((name) =>
    vi.spyOn(Array.prototype, name),
  );
  onTestFinished(() => searches.forEach((search) => search.mockRestore()));
  recorder.reconcile({ ...kept, ...members('u') });
  const lists = searches.flatMap(({ mock }) => mock.contexts as unknown[][]);
  expect(lists.filter(({ length }) => length > 100).length).toBe(0);
  expect(recorder.take()).toBe('[{"op":"remove","path":"/gone"}]');
});

it.each<[string, (text: string) => object, string]>([
  ['member', (text) => ({ text, rows: [1] }), '/text'],
  ['item', (text) => [1, text], '/1'],
])('sends a long text that grows by one character once, as a %s', (_, create, path) => {
  const text = 'x'.repeat(1_000_000);
  const recorder = createRecorder(create(text));
  recorder.reconcile(create(`${text}y`));
  expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'replace', path, value: `${text}y` }]);
});

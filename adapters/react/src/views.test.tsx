/** Rights that are granted and withdrawn, as a page shows them. */
import { act, render, screen } from '@testing-library/react';
import { createTestSync, type TestSync } from '@velox/server/testing';
import { renderToString } from 'react-dom/server';
import { hydrateRoot } from 'react-dom/client';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { useVelox } from '@velox/react';
import type { AnyContract } from '@velox/core/protocol';

interface Seen {
  readonly title: string;
  readonly salary?: number;
  readonly notes?: readonly string[];
}

let role = 'guest';
let test: TestSync<AnyContract, string>;

beforeEach(async () => {
  role = 'guest';
  test = await createTestSync<AnyContract, string>({ url: '/sync', authorize: () => 'ann' });
});
afterEach(() => test.close());

const publish = () =>
  test.hub.state(
    'person',
    { title: 'Ann', salary: 7_000, notes: ['a secret note'] },
    {
      audience: () => role,
      view: ({ title, salary, notes }, role): Seen =>
        role === 'admin' ? { title, salary, notes } : { title },
    },
  );

/** The content of each render. */
const shown: string[] = [];

function Person({ initial }: { initial?: { id: string; version: number; body: Seen } }) {
  const person = useVelox<Seen>({ url: '/sync', topic: 'person', ...(initial && { initial }) });
  const text = person ? [person.title, person.salary, ...(person.notes ?? [])].join(' ').trim() : 'Loading';
  shown.push(text);
  return <h1>{text}</h1>;
}

it('a granted right shows its fields immediately, and a withdrawn right takes them off in one paint', async () => {
  publish();
  const { unmount } = render(<Person />);
  await act(() => test.advance());
  shown.length = 0;
  role = 'admin';
  void test.hub.recheck();
  await act(() => test.advance());
  expect(screen.getByRole('heading').textContent).toBe('Ann 7000 a secret note');
  expect(shown).toEqual(['Ann 7000 a secret note']);
  role = 'guest';
  void test.hub.recheck();
  await act(() => test.advance());
  expect(screen.getByRole('heading').textContent).toBe('Ann');
  expect(shown).toEqual(['Ann 7000 a secret note', 'Ann']);
  unmount();
});

it('a page that was rendered for another role shows nothing of it after the first frame', async () => {
  const state = publish();
  const initial = state.snapshot('admin');
  const page = document.body.appendChild(document.createElement('div'));
  page.innerHTML = renderToString(<Person initial={initial} />);
  shown.length = 0;
  const root = await act(() => hydrateRoot(page, <Person initial={initial} />));
  await act(() => test.advance());
  expect(page.textContent).toBe('Ann');
  const first = shown.indexOf('Ann');
  state.update((draft) => void draft.notes.push('another secret'));
  await act(() => test.advance());
  state.update((draft) => void (draft.title = 'Ann B.'));
  await act(() => test.advance());
  expect(page.textContent).toBe('Ann B.');
  expect(new Set(shown.slice(first))).toEqual(new Set(['Ann', 'Ann B.']));
  act(() => root.unmount());
  page.remove();
});

it('a page that was rendered for the role of its client starts from its position', async () => {
  const state = publish();
  role = 'admin';
  const initial = state.snapshot('admin');
  shown.length = 0;
  const { unmount } = render(<Person initial={initial} />);
  await act(() => test.advance());
  expect(new Set(shown)).toEqual(new Set(['Ann 7000 a secret note']));
  expect(state.snapshot('admin')).toEqual(initial);
  unmount();
});

// Runs in Jest and Vitest, in an environment with a DOM.
import { act, createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { useVelox } from '@velox/react';
import { createTestSync } from '@velox/server/testing';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

test('a component shows a topic of the test kit', async () => {
  const kit = await createTestSync();
  const board = kit.hub.state('board', { title: 'One' });
  const sync = kit.connect();
  const Board = () => createElement('h1', null, useVelox(sync.replica('board'))?.title ?? 'Loading');
  const root = createRoot(document.body);
  await act(async () => root.render(createElement(Board)));
  expect(document.body.textContent).toBe('Loading');
  await act(() => kit.advance());
  expect(document.body.textContent).toBe('One');
  board.update((draft) => void (draft.title = 'Two'));
  await act(() => kit.advance());
  expect(document.body.textContent).toBe('Two');
  await act(async () => root.unmount());
  await kit.close();
});

test('a component that names a URL shows the default topic of the test kit', async () => {
  const kit = await createTestSync({ url: '/sync' });
  const board = kit.hub.state('', { title: 'One' });
  const Board = () => createElement('h1', null, useVelox('/sync')?.title ?? 'Loading');
  const root = createRoot(document.body);
  await act(async () => root.render(createElement(Board)));
  await act(() => kit.advance(200));
  expect(document.body.textContent).toBe('One');
  kit.inflict({ harm: 'drop' });
  board.update((draft) => void (draft.title = 'Two'));
  await act(() => kit.advance(5_000));
  expect(document.body.textContent).toBe('Two');
  await act(async () => root.unmount());
  await kit.close();
});

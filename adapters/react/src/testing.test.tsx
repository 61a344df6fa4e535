import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { act, render, screen } from '@testing-library/react';
import type { Sync } from '@velox/core';
import { createTestSync, faults } from '@velox/server/testing';
import { expect, it } from 'vitest';
import { useVelox } from '@velox/react';

// <docs/testing.md>
function Board({ sync }: { sync: Sync }) {
  const board = useVelox(sync.replica<{ title: string }>('board'));
  return <h1>{board?.title ?? 'Loading'}</h1>;
}

it('shows the title, and comes back after an outage', async () => {
  await using test = await createTestSync();
  const board = test.hub.state('board', { title: 'One' });
  const sync = test.connect();

  const { unmount } = render(<Board sync={sync} />);
  expect(screen.getByRole('heading').textContent).toBe('Loading');
  await act(() => test.advance());
  expect(screen.getByRole('heading').textContent).toBe('One');

  test.inflict({ harm: 'half-open', told: 'nobody' }); // both ends believe in a dead link
  board.update((draft) => void (draft.title = 'Two'));
  await act(() => test.advance(30_000)); // virtual time
  expect(screen.getByRole('heading').textContent).toBe('Two');

  await act(() => test.endure(faults(42))); // a random schedule of faults
  board.update((draft) => void (draft.title = 'Three'));
  await act(() => test.advance());
  expect(screen.getByRole('heading').textContent).toBe('Three');
  unmount();
});
// </docs/testing.md>

it('equals the example in the documentation', () => {
  const read = (path: string): string => readFileSync(resolve(import.meta.dirname, path), 'utf8');
  const [, shown = 'nothing'] =
    /<docs\/testing\.md>\n(.*?)\/\/ <\/docs/s.exec(read('testing.test.tsx')) ?? [];
  expect(read('../../../docs/testing.md')).toContain(shown);
});

import { optimistic } from '@velox/core/optimistic';
import { createTestSync } from '@velox/server/testing';
import { render, screen } from '@testing-library/react';
import { act } from 'react';
import { expect, it } from 'vitest';
import { useVelox } from './index.js';

interface App {
  topics: { tasks: { rows: string[]; pad: string } };
  calls: { add: [string, null] };
}

it('an optimistic call shows its row immediately, once, and until the server has it', async () => {
  await using test = await createTestSync<App>();
  const tasks = test.hub.state('tasks', { rows: ['first'], pad: 'x'.repeat(200) });
  test.hub.answer('add', async (_, text) => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    tasks.update((draft) => void draft.rows.push(text as string));
    await new Promise((resolve) => setTimeout(resolve, 300));
    return null;
  });
  const sync = test.connect();
  const list = sync.replica('tasks');
  const painted: string[] = [];
  function Tasks() {
    const text = useVelox(list, (value) => value?.rows.join(', ')) ?? '';
    if (painted.at(-1) !== text) painted.push(text);
    return <p role="list">{text}</p>;
  }
  render(<Tasks />);
  await act(() => test.advance(100));
  const change = optimistic(list, (draft) => draft.rows.push('second'));
  let reply: Promise<unknown> | undefined;
  act(() => void (reply = sync.call('add', 'second', { optimistic: change })));
  expect(screen.getByRole('list').textContent).toBe('first, second');
  await act(() => test.advance(1_000));
  await reply;
  expect(painted).toEqual(['', 'first', 'first, second']);
  expect(tasks.get().rows).toEqual(['first', 'second']);
});

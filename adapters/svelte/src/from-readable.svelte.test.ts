import { flushSync } from 'svelte';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import { velox } from './index.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const setUp = () => {
  const server = play({ mount: () => expect.unreachable() });
  const replica = server.replica();
  return { server, replica, title: velox(replica, (value: Board | undefined) => value?.title) };
};

it('effects follow a value that another listener of the replica has read before', async () => {
  const { server, replica, title } = setUp();
  const logged: unknown[] = [];
  replica.subscribe(() => void logged.push(title.current));
  const seen: unknown[] = [];
  const end = $effect.root(() => {
    $effect(() => void seen.push(title.current));
  });
  flushSync();
  await server.answer();
  await server.title('new');
  flushSync();
  expect([logged, seen]).toEqual([
    ['board', 'new'],
    [undefined, 'board', 'new'],
  ]);
  end();
});

it('effects follow a selection that another selector reads, too', async () => {
  const { server, replica, title } = setUp();
  const line = velox(replica, (value: Board | undefined) => `${value?.rows.length} in ${title.current}`);
  const [lines, titles]: unknown[][] = [[], []];
  const end = $effect.root(() => {
    $effect(() => void lines!.push(line.current)); // subscribes first
    $effect(() => void titles!.push(title.current));
  });
  flushSync();
  await server.answer();
  await server.title('new');
  flushSync();
  expect(lines).toEqual(['undefined in undefined', '2 in board', '2 in new']);
  expect(titles).toEqual([undefined, 'board', 'new']);
  end();
});

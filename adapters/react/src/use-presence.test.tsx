import { connect, isVeloxError } from '@velox/core';
import { act, cleanup, render } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../../../core/src/testing/fake-transport.js';
import { usePresence } from './index.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it('takes the newest data that was accepted along to another room, not refused data', async () => {
  const { transport, last } = createFakeTransport();
  const sync = connect('http://h/sync', { transports: [transport] });
  let setMine: (mine: unknown) => void = () => {};
  const Room = ({ name }: { name: string }) => {
    [, setMine] = usePresence<unknown>(sync, name, 'initial');
    return `in ${name}`;
  };
  const { container, rerender } = render(<Room name="one" />);
  await act(() => vi.advanceTimersByTimeAsync(0));
  act(() => last().hello());
  setMine('accepted');
  expect(() => setMine({ n: 1n })).toThrow(expect.toSatisfy(isVeloxError));
  rerender(<Room name="two" />);
  await act(() => vi.advanceTimersByTimeAsync(0));
  expect(container.textContent).toBe('in two');
  expect(last().sent).toContainEqual(
    expect.objectContaining({ event: '$presence', data: { room: 'two', mine: 'accepted' } }),
  );
  sync.close();
});

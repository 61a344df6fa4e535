import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PeerList, type ListPeers } from './peer-list.js';
import { Warnings } from './warnings.js';

const warned = vi.spyOn(process, 'emitWarning');
beforeEach(() => {
  vi.useFakeTimers();
  warned.mockReturnValue();
});
afterEach(() => {
  vi.useRealTimers();
  vi.resetAllMocks();
});

const listOf = (answer: () => unknown): PeerList => new PeerList(answer as ListPeers, new Warnings());
const read = async (list: PeerList): Promise<string[] | undefined> => {
  const answer = list.read(() => false);
  await vi.advanceTimersByTimeAsync(5_000);
  return answer;
};

describe('the list of nodes', () => {
  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no DNS');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no DNS'))],
    ['never answers', () => new Promise(() => {})],
    ['answers with nothing', () => undefined],
    ['answers with a text', () => 'app-1:7400'],
  ])('is unknown if the application %s, and the failure is shown once', async (_, answer) => {
    const list = listOf(answer);
    expect(await read(list)).toBeUndefined();
    expect(await read(list)).toBeUndefined();
    expect(warned).toHaveBeenCalledOnce();
    expect(warned).toHaveBeenCalledWith(
      expect.stringContaining('velox: the option "peers" of mesh() gave no complete list'),
      expect.objectContaining({ code: 'unavailable' }),
    );
  });

  it('leaves out addresses that are empty or no texts', async () => {
    const list = listOf(() => Promise.resolve(['', 'app-1:7400', undefined]));
    expect(await read(list)).toEqual(['app-1:7400']);
    expect(warned).toHaveBeenCalledOnce();
  });

  it('shows a failure again after a good list', async () => {
    const answers = [undefined, ['app-1:7400'], undefined];
    const list = listOf(() => answers.shift());
    expect(await read(list)).toBeUndefined();
    expect(await read(list)).toEqual(['app-1:7400']);
    expect(await read(list)).toBeUndefined();
    expect(warned).toHaveBeenCalledTimes(2);
  });

  it('leaves no timer behind', async () => {
    await listOf(() => []).read(() => false);
    expect(vi.getTimerCount()).toBe(0);
  });
});

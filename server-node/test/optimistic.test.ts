/** When the effect of an optimistic call gives way to the server's own: with the frame that brings it, whatever holds the value. */
import { optimistic } from '@velox/core/optimistic';
import { expect, it } from 'vitest';
import { createTestSync, type TestSync } from '../src/testing/index.js';

interface Board {
  rows: number[];
}
interface App {
  topics: { board: Board; game: Board; other: Board; [row: `items/${string}`]: Board };
  events: { added: number };
  calls: { add: [number, null] };
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes a call that adds a row. Returns the values that its client showed, and the frames that it received. */
async function shown(
  test: TestSync<App>,
  topic: keyof App['topics'],
): Promise<{ rows: string; frames: string }> {
  const sync = test.connect();
  const replica = sync.replica(topic);
  const rows: string[] = [];
  const frames: string[] = [];
  replica.subscribe(() => rows.push(JSON.stringify(replica.get()?.rows)));
  sync.onFrame((frame) => {
    if ('made' in frame) frames.push('made');
    else if ('reply' in frame) frames.push('reply');
    else if ('version' in frame) frames.push('state');
  });
  await test.advance(1_000);
  rows.length = frames.length = 0;
  const call = sync.call('add', 1, { optimistic: optimistic(replica, (draft) => draft.rows.push(1)) });
  await test.advance(1_000);
  expect(await call).toBeNull();
  return { rows: rows.join(' '), frames: frames.join(' ') };
}

/** The row is there from the first moment, once. */
const SEAMLESS = { rows: '[1] [1]', frames: 'made state reply' };

it('a viewed state: with the first change that the audience sees', async () => {
  await using test = await createTestSync<App>();
  const game = test.hub.state(
    'game',
    { rows: [] as number[], secret: 0 },
    { audience: () => null, view: ({ rows }) => ({ rows: [...rows] }) },
  );
  test.hub.answer('add', async (_, row) => {
    game.update((draft) => void draft.secret++);
    await sleep(20);
    game.update((draft) => void draft.rows.push(row as number));
    await sleep(200);
    return null;
  });
  expect(await shown(test, 'game')).toEqual(SEAMLESS);
});

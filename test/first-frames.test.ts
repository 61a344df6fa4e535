import { expect, it } from 'vitest';
import { isFirstFrame } from '../core/src/protocol/first-frame.js';
import { createTestSync } from '../server-node/src/testing/index.js';

it('the frames that open a link to our server wait for no code of the client', async () => {
  const test = await createTestSync();
  test.hub.state('board', { rows: [1] });
  const client = test.connect();
  const opening: unknown[] = [];
  client.onFrame((frame, text) => opening.push([Object.keys(frame)[0], isFirstFrame(frame, text)]));
  client.replica('board').subscribe(() => {});
  await test.advance();
  expect(opening).toEqual([
    ['hello', true],
    ['topic', true],
  ]);
  test.close();
});

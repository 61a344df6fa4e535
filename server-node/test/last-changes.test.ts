/** Changes of the tick in which a hub closes reach its clients before the goodbye. */
import { expect, it } from 'vitest';
import * as velox from '../src/index.js';
import { listen } from './rig/listen.js';
import { rawSubscribe } from './rig/raw-client.js';

it.each([0, 60_000])('close() delivers earlier changes first, with a throttle of %i ms', async (throttle) => {
  const hub = velox.createHub();
  const state = hub.state('', { n: 0, pad: 'x'.repeat(200) }, { throttle });
  await using server = await listen((request, response) => void hub.handle(request, response));
  const link = rawSubscribe(server.origin, {});
  await link.find((frame) => frame.version === 1);
  state.update((draft) => void draft.n++);
  await Promise.resolve(); // a throttle starts with its first delivery
  await link.find((frame) => frame.version === 2);
  state.update((draft) => void draft.n++);
  const closed = hub.close();
  await link.find((frame) => 'bye' in frame);
  expect(link.frames.findIndex(({ version }) => version === 3)).toBeGreaterThan(0);
  await closed;
});

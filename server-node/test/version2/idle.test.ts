/** Without a client of version 2, nothing of its codec runs. */
import { Session } from 'node:inspector/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawStream, rawSubscribe } from '../rig/raw-client.js';
import { GoClient } from '../rig/version2-clients.js';
import { version2Stream } from '../rig/version2-links.js';

const inspector = new Session();
beforeAll(async () => {
  inspector.connect();
  await inspector.post('Profiler.enable');
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
});
afterAll(() => inspector.disconnect());

/** Calls of named functions in the folder of version 2 since the last look, by name. */
async function callsOfCodec(): Promise<string[]> {
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  const codec = result.filter(({ url }) => /\/src\/transports\/version2\/(?!.*\.test\.)/.test(url));
  return codec.flatMap(({ functions }) =>
    functions.flatMap(({ functionName, ranges }) =>
      functionName && (ranges[0]?.count ?? 0) > 0 ? [functionName] : [],
    ),
  );
}

it('no function of the codec runs for sessions of version 3, and its functions run for one of version 2', async () => {
  const hub = velox.createHub({ version2: true });
  const state = hub.state('', { n: 0, pad: 'x'.repeat(100) });
  await using server = await listen(hub.handle);
  await callsOfCodec(); // until here modules were loaded
  const links = [rawSubscribe(server.origin), rawStream(server.origin)];
  const step = async (): Promise<void> => {
    state.update((draft) => void draft.n++);
    for (const link of links) await link.find((frame) => frame.version === state.position().version);
  };
  for (let count = 0; count < 10; count++) await step();
  expect(await callsOfCodec()).toEqual([]);
  const old = version2Stream(server.origin, new GoClient());
  await step();
  await old.until(state.position().version);
  expect(await callsOfCodec()).toEqual(expect.arrayContaining(['translate', 'serveVersion2']));
  old.close();
  links.forEach((link) => link.close());
  await hub.close();
});

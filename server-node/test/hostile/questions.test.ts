import { expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawWebSocket } from '../rig/raw-client.js';

it('300 tokens, 30 rechecks and 20 topics open at most 40 questions at a time', async () => {
  let open = 0;
  let most = 0;
  const answers: (() => void)[] = [];
  const hub = velox.createHub({
    authorize: () => ({}),
    limits: { subscriptions: 20 },
    canSubscribe() {
      most = Math.max(most, ++open);
      return new Promise<boolean>((resolve) => {
        answers.push(() => {
          open--;
          resolve(true);
        });
      });
    },
  });
  for (let n = 0; n < 20; n++) hub.state(`t${n}`, { n });
  await using server = await listen(hub.handle);
  const link = rawWebSocket(server.origin);
  onTestFinished(() => link.close());
  link.send({ open: {} });
  await link.find((frame) => 'hello' in frame);
  link.send({ subscribe: Array.from({ length: 20 }, (_, n) => ({ topic: `t${n}` })), seq: 1 });
  for (let n = 0; n < 300; n++) link.send({ auth: `token ${n}`, seq: n + 2 });
  link.send({ ping: true });
  await link.find((frame) => 'ping' in frame);
  const rechecked = Array.from({ length: 30 }, () => hub.recheck());
  await new Promise((resolve) => setImmediate(resolve));
  expect(most).toBeLessThanOrEqual(40);
  const timer = setInterval(() => answers.splice(0).forEach((answer) => answer()), 1);
  onTestFinished(() => clearInterval(timer));
  await Promise.all(rechecked);
  const topics = new Set<unknown>();
  while (topics.size < 20) topics.add((await link.find((frame) => 'version' in frame)).topic);
  expect(most).toBeLessThanOrEqual(40);
});

/** One server of the torture test, in a process of its own: it hosts all topics, and makes the updates that its parent asks for. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createHub } from '../../src/create-hub.js';
import type { SharedState } from '../../src/state/shared/shared-state.js';
import { backplaneOf } from './backplane-of.js';
import type { Answer, Marks, Order, Setup } from './orders.js';

const setup = JSON.parse(process.argv[2] as string) as Setup;
const hub = createHub({
  backplane: await backplaneOf(setup.engine),
  limits: { opensPerAddress: Infinity, sessionsPerIdentity: Infinity },
  logger: (entry) => {
    if (entry.level !== 'info') process.stderr.write(`${JSON.stringify(entry)}\n`);
  },
});
const topics = new Map<string, SharedState<Marks>>();
for (const topic of setup.topics) {
  // All revisions stay in the log, so that the parent can look for holes.
  topics.set(
    topic,
    hub.shared<never, Marks>(topic as never, { marks: [], count: 0, filler: '' }, { keep: 1e6 }),
  );
}

const answer = (message: Answer): void => void process.send?.(message);

process.on('message', ({ number, topic, mark }: Order) => {
  const recipe = (draft: Marks): void => {
    draft.marks.push(mark);
    draft.count++;
  };
  topics
    .get(topic)
    ?.update(recipe)
    .then(
      () => answer({ number, code: 'ok' }),
      (error: { code?: string }) => answer({ number, code: error.code ?? 'failed' }),
    );
});
process.on('disconnect', () => process.exit());

const server = createServer(hub.handle as never).listen(0, '127.0.0.1', () => {
  void Promise.all([...topics.values()].map((each) => each.snapshot())).then(() =>
    answer({ port: (server.address() as AddressInfo).port }),
  );
});

/** One server of the torture test, in a process of its own: it hosts all topics, and makes the updates that its parent asks for. */
import { subscribe } from 'node:diagnostics_channel';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Revision } from '../../src/cluster/log.js';
import { createHub } from '../../src/create-hub.js';
import type { SharedState } from '../../src/state/shared/shared-state.js';
import { backplaneOf } from './backplane-of.js';
import type { NodeMessage, Numbered } from '../rig/node-process.js';
import type { Marks, Order, Report, Setup } from './orders.js';

const setup = JSON.parse(process.argv[2] as string) as Setup;
const answer = (message: NodeMessage<Report>): void => void process.send?.(message);
subscribe('velox:heal', (message) => answer({ healed: (message as { revisions: number }).revisions }));
subscribe('velox:renew', (message) => {
  const { revisions } = (message as { lost: { revisions: readonly Revision[] } }).lost;
  answer({ lost: revisions.flatMap(({ patch }) => patch.match(/\bm\d+\b/g) ?? []) });
});
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

process.on('message', (order: Numbered<Order>) => {
  const { number } = order;
  if ('ask' in order) {
    const versions = [...topics.values()].map((each) => each.position().version);
    return answer({ number, outcome: versions.join() });
  }
  const recipe = (draft: Marks): void => {
    draft.marks.push(order.mark);
    draft.count++;
  };
  topics
    .get(order.topic)
    ?.update(recipe)
    .then(
      () => answer({ number, outcome: 'ok' }),
      (error: { code?: string }) => answer({ number, outcome: error.code ?? 'failed' }),
    );
});
process.on('disconnect', () => process.exit());

/** Also if the engine is away while the node starts. */
async function load(state: SharedState<Marks>): Promise<void> {
  await state.snapshot().catch(() => load(state));
}

const server = createServer(hub.handle as never).listen(0, '127.0.0.1', () => {
  void Promise.all([...topics.values()].map(load)).then(() =>
    answer({ port: (server.address() as AddressInfo).port }),
  );
});

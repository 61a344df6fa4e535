/** Topics that do not change must cost nothing, whether a session has them or they are only registered. */
import { atMost, times } from '../harness.mjs';
import { rounds, withRunners } from './rig.mjs';

const SESSIONS = 200;
const TOPICS = 300;
const CHANGING = 1_000;
const REGISTERED = 100_000;
const UPDATES = 25;
const ROUNDS = 9;

async function compare(contenders, sessions) {
  return withRunners(contenders, async (runners) => {
    for (const runner of runners.values()) await runner.open(sessions);
    const send = (runner) => runner.publish(UPDATES, sessions);
    for (let n = 0; n < 3; n++) for (const runner of runners.values()) await send(runner);
    return rounds(runners, ROUNDS, send);
  });
}

async function events() {
  const result = await compare(
    {
      without: { who: 'velox event', changes: 1 },
      with: { who: 'velox event', changes: 1, topics: TOPICS },
    },
    SESSIONS,
  );
  const note = (label) => `${label} ${result.median(label).toFixed(2)} us`;
  return atMost(
    `an event to a session with ${TOPICS} topics / without`,
    result.ratio('with', 'without'),
    1.2,
    times,
    `${note('with')}; ${note('without')}`,
  );
}

async function registered() {
  const spec = { who: 'velox topics', topics: CHANGING, messages: CHANGING };
  const result = await compare(
    { alone: { ...spec, registered: CHANGING }, among: { ...spec, registered: REGISTERED } },
    1,
  );
  const note = (label) => `${label} ${(result.median(label) / 1_000).toFixed(2)} ms`;
  return atMost(
    '1,000 topics that change in a tick: among 100,000 / alone',
    result.ratio('among', 'alone'),
    1.1,
    times,
    `${note('among')}; ${note('alone')}`,
  );
}

export const topics = async () => [await events(), await registered()];

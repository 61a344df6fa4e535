/** An event to a thousand members of a room. */
import { aside, atMost, times } from '../harness.mjs';
import { rounds, withRunners } from './rig.mjs';

const MEMBERS = 1_000;
const EVENTS = 25;
const ROUNDS = 15;

const contenders = {
  raw: { who: 'raw', changes: 1 },
  velox: { who: 'velox event', changes: 1 },
  'socket.io': { who: 'socket.io', changes: 1 },
};

export async function events(count = ROUNDS) {
  return withRunners(contenders, async (runners) => {
    for (const runner of runners.values()) await runner.open(MEMBERS);
    const send = (runner) => runner.publish(EVENTS, MEMBERS);
    for (let n = 0; n < 3; n++) for (const runner of runners.values()) await send(runner);
    const result = await rounds(runners, count, send);
    const note = (label) => `${label} ${result.median(label).toFixed(2)} us`;
    const title = 'An event to 1,000 members, CPU per delivery';
    return [
      atMost(
        `${title}: velox / socket.io`,
        result.ratio('velox', 'socket.io'),
        0.75,
        times,
        `${note('velox')}; ${note('socket.io')}`,
      ),
      aside(`${title}: velox / raw`, times(result.ratio('velox', 'raw')), note('raw')),
    ];
  });
}

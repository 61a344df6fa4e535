/** Casts to a hundred rooms of ten members each. */
import assert from 'node:assert/strict';
import { aside, atMost, count, times } from '../harness.mjs';
import { rounds, withRunners } from './rig.mjs';

const MEMBERS = 1_000;
const ROOMS = 100;
/** In a turn; all rounds together make 10,000. */
const CASTS = 2_000;
const ROUNDS = 5;
/** How often each member is told in a turn. */
const TOLD = CASTS / ROOMS;

/** Sends two casts to each room. Data of each room have a length of their own, so the bytes of a link tell its room. */
async function checkMembers(runner) {
  await runner.look();
  await runner.ask('publish', { count: 2 * ROOMS, pace: 0 });
  await new Promise((resolve) => setTimeout(resolve, 500)); // surplus messages would arrive, too
  const links = await runner.tell('each');
  const sizes = new Map();
  for (const { messages, bytes } of links) {
    assert.equal(messages, 2);
    sizes.set(bytes, (sizes.get(bytes) ?? 0) + 1);
  }
  const least = Math.min(...sizes.keys());
  const expected = Array.from({ length: ROOMS }, (_, room) => [least + 2 * room, MEMBERS / ROOMS]);
  assert.deepEqual(
    [...sizes].sort(([a], [b]) => a - b),
    expected,
  );
}

async function race(casts, reach) {
  const spec = { rooms: ROOMS, casts };
  const contenders = {
    velox: { who: 'velox cast', ...spec, messages: (TOLD * casts) / CASTS },
    'socket.io': { who: 'socket.io cast', ...spec, messages: (TOLD * casts) / CASTS },
  };
  return withRunners(contenders, async (runners) => {
    for (const runner of runners.values()) {
      await runner.open(MEMBERS);
      if (casts === 1) await checkMembers(runner);
    }
    const deliveries = (casts * MEMBERS) / ROOMS;
    const send = (runner) => runner.publish(CASTS / casts, deliveries, 0);
    for (let n = 0; n < 2; n++) for (const runner of runners.values()) await send(runner);
    const result = await rounds(runners, ROUNDS, send);
    const note = (label) => `${label} ${result.median(label).toFixed(2)} us`;
    return atMost(
      `${count(CASTS * ROUNDS)} casts to ${ROOMS} rooms, ${casts} a tick, CPU per delivery: velox / socket.io`,
      result.ratio('velox', 'socket.io'),
      reach,
      times,
      `${note('velox')}; ${note('socket.io')}`,
    );
  });
}

export async function casts() {
  return [
    await race(1, 0.75),
    await race(500, 0.4),
    aside('casts: members that received exactly theirs', count(MEMBERS), 'checked before the race'),
  ];
}

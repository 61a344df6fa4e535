/** 64 KiB of bytes to a thousand members of a room. */
import { aside, atMost, size, times } from '../harness.mjs';
import { rounds, withRunners } from './rig.mjs';

const MEMBERS = Number(process.env.VELOX_SESSIONS ?? 1_000);
const BYTES = 64 * 1024;
const EVENTS = 2;
const ROUNDS = 5;

/** Socket.IO sends a text message before the bytes. */
const contenders = {
  velox: { who: 'velox event', bytes: BYTES },
  'socket.io': { who: 'socket.io', bytes: BYTES, messages: 2 },
};

export async function binary() {
  return withRunners(contenders, async (runners) => {
    for (const runner of runners.values()) await runner.open(MEMBERS);
    const send = (runner) => runner.publish(EVENTS, MEMBERS);
    for (const runner of runners.values()) await send(runner);
    const result = await rounds(runners, ROUNDS, send);
    const note = (label) => `${label} ${result.median(label).toFixed(1)} us`;
    const user = (label) => `${label} ${result.median(label, 'user').toFixed(1)} us`;
    const title = `64 KiB of bytes to ${MEMBERS} members, CPU per delivery`;
    return [
      atMost(
        `${title}: velox / socket.io`,
        result.ratio('velox', 'socket.io'),
        1,
        times,
        `${note('velox')}; ${note('socket.io')}`,
      ),
      aside(`${title}, without the kernel`, '', `${user('velox')}; ${user('socket.io')}`),
      aside('64 KiB of bytes: on the wire', size(result.median('velox', 'bytes')), 'base64'),
    ];
  });
}

/** Presence: a room whose members move, as a state that the hub keeps, against volatile events to the other members. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { aside, atMost, count, median, times } from './harness.mjs';
import { enter } from './presence/members.mjs';

const MEMBERS = 50;
const ROUNDS = 5;
const TURN = 2_000;

export const title = 'Presence';

export async function run() {
  const server = fork(new URL('presence/server.mjs', import.meta.url), { execArgv: [] });
  try {
    const [ports] = await once(server, 'message');
    const spent = async () => {
      server.send('spent');
      return (await once(server, 'message'))[0];
    };
    const rooms = {};
    for (const kind of ['presence', 'events']) rooms[kind] = await enter(kind, ports[kind], MEMBERS);
    for (const room of Object.values(rooms)) await room.move(TURN); // V8 compiles
    const rounds = [];
    for (let at = 0; at < ROUNDS; at++) {
      const round = {};
      for (const kind of at % 2 ? ['events', 'presence'] : ['presence', 'events']) {
        await sleep(200);
        await spent();
        const { messages, moves } = await rooms[kind].move(TURN);
        round[kind] = { cpu: (await spent()) / TURN, messages, moves };
      }
      rounds.push(round);
    }
    for (const room of Object.values(rooms)) room.close();
    const of = (kind, what) => median(rounds.map((round) => round[kind][what]));
    const percent = (share) => `${(100 * share).toPrecision(2)} % of a core`;
    const note = (kind) => `${kind} ${percent(of(kind, 'cpu'))}`;
    const ratio = median(rounds.map(({ presence, events }) => presence.cpu / events.cpu));
    const sent = (kind) => `${count(Math.round(of(kind, 'messages')))} messages a second`;
    return [
      atMost(
        `${MEMBERS} members that move 20 times a second: CPU / volatile events`,
        ratio,
        1 / 3,
        times,
        `${note('presence')}; ${note('events')}`,
      ),
      aside(
        'the same: messages / volatile events',
        times(of('presence', 'messages') / of('events', 'messages')),
        `presence ${sent('presence')}; events ${sent('events')}`,
      ),
    ];
  } finally {
    server.kill();
  }
}

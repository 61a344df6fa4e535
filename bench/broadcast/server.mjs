/** The process of one contender: runs its parent's commands and reports the CPU time spent. */
import { once } from 'node:events';
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { CONTENDERS } from './contenders.mjs';

/** Ms from one update to the next. */
const PACE = 20;

let contender;
let updates = 0;

const commands = {
  async start({ name, spec }) {
    contender = CONTENDERS[name].make(spec);
    contender.server.listen(0, '127.0.0.1', 4_096);
    await once(contender.server, 'listening');
    return contender.server.address().port;
  },
  /** Sends so many updates, at most one in a tick; gives the microseconds of CPU that it took, user and system. */
  async publish({ count, pace = PACE, clean = true }) {
    if (clean) globalThis.gc();
    const begun = process.cpuUsage();
    for (let due = performance.now(), n = 0; n < count; n++, due += pace) {
      contender.publish(updates++);
      await (pace ? sleep(Math.max(0, due + pace - performance.now())) : nextTick());
    }
    const { user, system } = process.cpuUsage(begun);
    return { spent: user + system, user };
  },
  /** Sends so many updates at an even rate; gives when each left, in ms of the clock that all processes share. */
  async storm({ count, perSecond }) {
    const left = [];
    let waiting = 0;
    for (const begun = now(); left.length < count;) {
      if (left.length <= ((now() - begun) / 1_000) * perSecond) {
        left.push(now());
        contender.publish(updates++);
      }
      await nextTick(); // it has left with its own tick
      waiting = Math.max(waiting, contender.stats().waiting);
    }
    return { left, waiting };
  },
  stats: () => contender.stats(),
  /** Bytes that live in this process. */
  async memory() {
    for (let n = 0; n < 5; n++) {
      globalThis.gc();
      await sleep(50);
    }
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  },
  /** Microseconds of CPU up to now. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  /** Resident bytes, and those of them that are V8's young generation: it grows with the traffic, once for all sessions. */
  async rss() {
    for (let n = 0; n < 5; n++) {
      globalThis.gc();
      await sleep(100);
    }
    const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    return { all: process.memoryUsage().rss, young: young.physical_space_size };
  },
};

const now = () => Number(process.hrtime.bigint()) / 1e6;

process.on('message', async ({ id, command, ...what }) => {
  const value = await commands[command](what);
  process.send({ id, value });
});
process.on('disconnect', () => process.exit());

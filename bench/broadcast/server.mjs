/** The process of one contender: does what its parent says, and tells what it has spent. */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
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
  /** Sends so many updates; gives the microseconds of CPU that it took, user and system. */
  async publish({ count, pace = PACE }) {
    globalThis.gc();
    const begun = process.cpuUsage();
    for (let due = performance.now(), n = 0; n < count; n++, due += pace) {
      contender.publish(updates++);
      await sleep(Math.max(0, due + pace - performance.now()));
    }
    const { user, system } = process.cpuUsage(begun);
    return { spent: user + system, user };
  },
  /** Microseconds of CPU up to now. */
  cpu() {
    const { user, system } = process.cpuUsage();
    return user + system;
  },
  async rss() {
    for (let n = 0; n < 5; n++) {
      globalThis.gc();
      await sleep(100);
    }
    return process.memoryUsage().rss;
  },
};

process.on('message', async ({ id, command, ...what }) => {
  const value = await commands[command](what);
  process.send({ id, value });
});
process.on('disconnect', () => process.exit());

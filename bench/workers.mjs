/** Workers: the requests a second that two processes of `velox.workers` answer, against one. Needs two cores that nothing else uses. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { aside, atLeast, count, median, times } from './harness.mjs';
import { Requests } from './workers/requests.mjs';

export const title = 'Workers';

const ROUNDS = 9;
/** How long one turn takes, in ms. */
const TURN = 1_000;

async function start(workers) {
  const server = fork(new URL('workers/server.mjs', import.meta.url), [`${workers}`], { execArgv: [] });
  const [port] = await once(server, 'message');
  return { server, requests: await Requests.open(port) };
}

export async function run() {
  const one = await start(1);
  const two = await start(2);
  try {
    const rounds = [];
    const before = process.cpuUsage();
    const began = performance.now();
    for (const { requests } of [one, two]) await requests.send(TURN); // V8 compiles
    for (let round = 0; round < ROUNDS; round++) {
      const rates = new Map();
      for (const each of round % 2 ? [two, one] : [one, two]) rates.set(each, await each.requests.send(TURN));
      rounds.push({ one: rates.get(one), two: rates.get(two) });
    }
    const ratio = median(rounds.map((round) => round.two / round.one));
    const { user, system } = process.cpuUsage(before);
    const cores = (user + system) / 1_000 / (performance.now() - began);
    const rate = (name) => `${name} ${count(Math.round(median(rounds.map((round) => round[name]))))}/s`;
    return [
      atLeast(
        'two workers: requests a second / one worker',
        ratio,
        1.7,
        times,
        `${rate('one')}; ${rate('two')}`,
      ),
      aside(
        'the client: cores that it takes from them',
        times(cores),
        'the bound needs two cores without other work',
      ),
    ];
  } finally {
    for (const { server, requests } of [one, two]) {
      requests.close();
      server.kill();
    }
  }
}

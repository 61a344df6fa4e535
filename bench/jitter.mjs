/** Delivery while the network fails again and again: the server, and all clients of a contender, in processes of their own. */
import { fork } from 'node:child_process';
import { aside, atMost } from './harness.mjs';

const CLIENTS = Number(process.env.VELOX_CLIENTS ?? 1_000);
const SECONDS = Number(process.env.VELOX_SECONDS ?? 180);
/** Between two messages, and two outages; how long an outage is, in ms. */
const PROFILE = { every: 500, period: 15_000, outage: 2_000 };
/** How long after the last message it may arrive, in ms. */
const LATEST = 10_000;

const CONTENDERS = ['velox', 'socket.io', 'socket.io with recovery'];

export const title = `jitter: ${CLIENTS} clients, 2 messages a second, 2 s of refused connections every 15 s, ${SECONDS} s`;

export async function run() {
  const rows = [];
  for (const name of CONTENDERS) {
    const { share, p99, note } = await measure(name);
    const percent = `${(100 * share).toFixed(2)} %`;
    if (name === 'velox') {
      rows.push(
        { what: 'velox: delivered', measured: percent, reach: '100 %', met: share === 1, beside: note },
        atMost('velox: p99', p99, PROFILE.outage + 1_000, (ms) => `${ms.toFixed(0)} ms`, ''),
      );
    } else rows.push(aside(`${name}: delivered`, percent, `p99 ${p99.toFixed(0)} ms; ${note}`));
  }
  return rows;
}

/** The result of one contender: the share of published messages that arrived, and their delays. */
async function measure(name) {
  const server = start('server.mjs');
  const clients = start('clients.mjs');
  try {
    const port = await server.ask('start', { name });
    await clients.ask('open', { name, port, count: CLIENTS });
    const published = await server.ask('publish', { seconds: SECONDS, ...PROFILE });
    const { latencies, repeated, ways } = await clients.ask('result', { published, within: LATEST });
    latencies.sort((one, other) => one - other);
    const at = (share) => latencies[Math.ceil(share * latencies.length) - 1] ?? NaN;
    const note = `p50 ${at(0.5)} ms, max ${at(1)} ms; ${repeated} repeated; at the end ${ways}`;
    return { share: latencies.length / (published * CLIENTS), p99: at(0.99), note };
  } finally {
    server.end();
    clients.end();
  }
}

/** Starts a process; gives a function that has it do something. */
function start(file) {
  const child = fork(new URL(`./jitter/${file}`, import.meta.url), { serialization: 'advanced' });
  const ask = (command, what = {}) =>
    new Promise((resolve, reject) => {
      const ended = (code) => reject(new Error(`${file} ended with ${code}`));
      child.once('exit', ended);
      child.once('message', (value) => {
        child.off('exit', ended);
        resolve(value);
      });
      child.send({ command, ...what });
    });
  return { ask, end: () => child.connected && child.disconnect() };
}

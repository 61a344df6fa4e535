/** Many topics in one process: the cost of a small state on the server, and of thousands of topics on a client. */
import assert from 'node:assert/strict';
import { setImmediate as nextTick } from 'node:timers/promises';
import { createConnection } from '@velox/core';
import * as velox from '@velox/server';
import { atMost, median, ms, size, times } from './harness.mjs';

const STATES = 20_000;
const ROUNDS = 9;
const ROW = '{"rows":[{"id":1,"name":"a chair with four legs","price":12.5,"stock":7,"tag":"sale"}]}';

const parse = () => JSON.parse(ROW);

function heap() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/** Bytes of each of many. */
function weigh(create) {
  const kept = Array.from({ length: STATES }, () => undefined);
  const before = heap();
  for (let at = 0; at < STATES; at++) kept[at] = create();
  const after = heap();
  assert.ok(kept.at(-1));
  return Math.round((after - before) / STATES);
}

/** Ms of CPU that the creation of a state takes, with its garbage collection. The states are kept, the values are made beforehand. */
function creation() {
  const spent = [];
  for (let round = 0; round <= ROUNDS; round++) {
    const values = Array.from({ length: STATES }, parse); // a value has one state
    globalThis.gc();
    const begun = process.cpuUsage();
    const kept = values.map((value) => velox.state(value));
    const { user, system } = process.cpuUsage(begun);
    assert.equal(kept.at(-1).get().rows.length, 1);
    if (round > 0) spent.push((user + system) / 1_000 / STATES);
  }
  return median(spent);
}

/** Subscribes so many topics, opens the link, and answers each; gives ms of CPU. */
async function open(count) {
  const names = Array.from({ length: count }, (_, at) => `t${at}`);
  globalThis.gc();
  const begun = process.cpuUsage();
  let events;
  const transport = (_attempt, given) => {
    events = given;
    return { close() {}, send() {} };
  };
  const sync = createConnection({ url: 'http://localhost/', transports: [transport] });
  let seen = 0;
  for (const topic of names) sync.replica(topic).subscribe(() => seen++);
  await nextTick(); // it connects in the next tick
  const receive = (frame) => events.onFrame(frame, '');
  receive({ hello: { protocol: 3, session: 's', heartbeat: 1e9, limits: { frame: 65_536 } } });
  for (const topic of names) receive({ topic, id: 'x', version: 1, body: 0 });
  while (seen < count) await nextTick();
  const { user, system } = process.cpuUsage(begun);
  const { state, stale } = sync.status.get();
  assert.deepEqual([state, stale], ['open', false]);
  sync.close();
  return (user + system) / 1_000;
}

async function client() {
  const spent = [];
  await open(1_000);
  for (let round = 0; round < ROUNDS; round++) {
    const turn = {};
    for (const count of round % 2 ? [1_000, 10_000] : [10_000, 1_000]) turn[count] = await open(count);
    spent.push(turn);
  }
  const few = median(spent.map((turn) => turn[1_000]));
  const many = median(spent.map((turn) => turn[10_000]));
  const ratio = median(spent.map((turn) => turn[10_000] / turn[1_000]));
  return [
    atMost('10,000 topics subscribe and open, client / 1,000', ratio, 12, times, `${ms(many)}; ${ms(few)}`),
    atMost('10,000 topics subscribe and open, client: CPU', many, 200, ms),
  ];
}

export const title = 'topics: small states, and many topics of a client';
export async function run() {
  return [
    atMost(
      'a state of one row: its weight, with the value',
      weigh(() => velox.state(parse())),
      2_048,
      size,
      `its value ${size(weigh(parse))}`,
    ),
    atMost('a state of one row: its creation', creation(), 0.008, ms),
    ...(await client()),
  ];
}

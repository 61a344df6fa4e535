/** Views: what audiences cost, against the same sessions in one audience. */
import { rounds, withRunners } from './broadcast/rig.mjs';
import { atMost, median, size, times } from './harness.mjs';

process.env.NODE_ENV = 'production'; // else each view runs twice
const { Hub } = await import('../server-node/dist/hub/hub.js');
const { copyOwn } = await import('../server-node/dist/recording/copy.js');
const { LocalState } = await import('../server-node/dist/state/local-state.js');
const { each } = await import('../server-node/dist/views/each.js');

const SESSIONS = Number(process.env.VELOX_SESSIONS ?? 10_000);
const OVER_SOCKETS = SESSIONS;
const ROUNDS = 15;
/** Updates in a turn. */
const UPDATES = 10;
const ROWS = 1_000;
const OWNERS = 7;

const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const turn = () => new Promise((resolve) => setImmediate(resolve));
const us = (time) => `${time.toPrecision(3)} us`;

const makeRows = () =>
  Array.from({ length: ROWS }, (_, id) => ({
    id,
    name: `row ${id}`,
    price: id,
    owner: id % OWNERS,
    secret: `${id} `.repeat(20),
  }));

/** The view of an audience: all of its own rows, and the public part of the others. */
const view = ({ rows }, me) => ({
  rows: each(rows, me, (row) =>
    row.owner === me % OWNERS ? row : { id: row.id, name: row.name, price: row.price },
  ),
});

/** An outlet without a network: it encodes each message. */
class Sink {
  transport = 'sink';
  isTwoWay = true;
  waiting = 0;
  bytes = 0;
  write(messages) {
    for (const { webSocket } of messages) this.bytes += webSocket.length;
    return true;
  }
  close() {}
}

/** A hub whose sessions belong to so many audiences in turn. */
class Rig {
  #hub = new Hub({ heartbeat: Infinity, compression: false });
  #state = new LocalState({ rows: makeRows() });
  #updates = 0;

  /** The value of the server. */
  get value() {
    return this.#state.get();
  }

  constructor() {
    this.#hub.views.publish('table', this.#state, { audience: ({ number }) => number, view });
  }

  async open(sessions, audiences, first = 0) {
    for (let at = 0; at < sessions; at++) {
      const context = { number: first + (at % audiences) };
      const session = this.#hub.open(new Sink(), { context, identity: undefined }, {});
      this.#hub.receive(session, { subscribe: [{ topic: 'table' }] }, CREDENTIALS);
    }
    await turn();
  }

  async update(count) {
    for (let n = 0; n < count; n++) {
      this.#state.update(({ rows }) => void (rows[this.#updates % ROWS].price = ++this.#updates + 0.5));
      await turn();
    }
  }

  close() {
    void this.#hub.close();
  }

  /** Microseconds of CPU for an update. */
  async time() {
    globalThis.gc();
    const before = process.cpuUsage();
    await this.update(UPDATES);
    const { user, system } = process.cpuUsage(before);
    return (user + system) / UPDATES;
  }
}

async function cpu() {
  const rigs = new Map();
  for (const audiences of [1, 10, 100]) {
    const rig = new Rig();
    await rig.open(SESSIONS, audiences);
    await rig.update(20);
    rigs.set(audiences, { rig, taken: [] });
  }
  for (let round = 0; round < ROUNDS; round++)
    for (const { rig, taken } of rigs.values()) taken.push(await rig.time());
  const one = rigs.get(1).taken;
  const row = (audiences, reach) => {
    const { taken } = rigs.get(audiences);
    const ratio = median(taken.map((time, round) => time / one[round]));
    const beside = `${us(median(taken))}, one ${us(median(one))}`;
    return atMost(`${SESSIONS} sessions in ${audiences} audiences / in one`, ratio, reach, times, beside);
  };
  return [row(10, 2), row(100, 4)];
}

/** Over sockets, the writes are most of the cost. */
function sockets() {
  const contenders = Object.fromEntries(
    [1, 10].map((audiences) => [`${audiences} audiences`, { who: 'velox view', changes: 1, audiences }]),
  );
  return withRunners(contenders, async (runners) => {
    for (const runner of runners.values()) {
      await runner.open(OVER_SOCKETS);
      await runner.publish(10, OVER_SOCKETS);
    }
    const result = await rounds(runners, 7, (runner) => runner.publish(UPDATES, OVER_SOCKETS));
    const beside = `${us(result.median('10 audiences'))}, one ${us(result.median('1 audiences'))} per client`;
    const what = `WebSockets: ${OVER_SOCKETS} sessions in 10 audiences / in one`;
    return [atMost(what, result.ratio('10 audiences', '1 audiences'), 1.15, times, beside)];
  });
}

/** Bytes that live, once caches that may be collected are gone. */
async function live() {
  for (let n = 0; n < 6; n++) {
    globalThis.gc();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** Bytes that a hub with 100 more sessions needs, in so many audiences. */
async function memoryOf(audiences) {
  const rig = new Rig();
  await rig.open(1, 1);
  await rig.update(20);
  const before = await live();
  await rig.open(100, audiences, OWNERS);
  await rig.update(1); // the snapshots are dropped
  const spent = (await live()) - before;
  rig.close();
  return spent;
}

/** The bytes of an audience's value, as a state holds it. */
async function sizeOfValue() {
  const rig = new Rig();
  await rig.update(21);
  const before = await live();
  const values = Array.from({ length: 100 }, (_, at) => copyOwn(view(rig.value, at)));
  return ((await live()) - before) / values.length;
}

async function memory() {
  const value = await sizeOfValue();
  const alike = await memoryOf(1);
  const spent = ((await memoryOf(100)) - alike) / 99;
  const show = (bytes) => size(Math.round(bytes));
  const beside = `with the value: ${show(spent)}`;
  return [atMost('memory of an audience beside its value', spent - value, 4_096, show, beside)];
}

export const title = 'views: what audiences cost';
export const run = async () => [...(await cpu()), ...(await memory()), ...(await sockets())];

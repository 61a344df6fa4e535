/** Contenders in processes of their own, and the clients of each in one more: a process may open too few files for the clients of all. */
import { fork } from 'node:child_process';
import { median } from '../harness.mjs';
import { CONTENDERS } from './contenders.mjs';

/** Starts a process; gives a function that has it do something. */
function start(file) {
  const child = fork(new URL(file, import.meta.url), { execArgv: ['--expose-gc'] });
  const waiting = new Map();
  let last = 0;
  child.on('message', ({ id, value }) => waiting.get(id)?.resolve(value));
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${file} ended with ${code}`));
  });
  const ask = (command, what = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      child.send({ id: last, command, ...what });
    });
  return { ask, end: () => child.connected && child.disconnect() };
}

/** One contender with its clients. */
class Runner {
  #server;
  #clients;
  #name;
  #who;
  #spec;
  #headers;
  #messages;

  constructor(label, { who, headers = [], messages = 1, server = './server.mjs', ...spec }) {
    this.#server = start(server);
    this.#clients = start('./clients.mjs');
    this.#name = label;
    this.#who = who;
    this.#spec = spec;
    this.#headers = headers;
    this.#messages = messages;
  }

  async listen() {
    this.port = await this.#server.ask('start', { name: this.#who, spec: this.#spec });
  }

  open(count) {
    const { client, greeting } = CONTENDERS[this.#who];
    return this.#clients.ask('open', {
      name: this.#name,
      port: this.port,
      count,
      client: client(this.#spec),
      headers: this.#headers,
      greeting: greeting(this.#spec),
    });
  }

  /** Sends so many updates; gives CPU and bytes for each client and update. */
  async publish(count, sessions, pace) {
    await this.look();
    const { spent, user } = await this.#server.ask('publish', { count, pace });
    const bytes = await this.#clients.ask('arrived', { name: this.#name, messages: count * this.#messages });
    return { time: spent / count / sessions, user: user / count / sessions, bytes: bytes / count };
  }

  /** Has clients do something. */
  tell = (command, what) => this.#clients.ask(command, { name: this.#name, ...what });
  look = () => this.#clients.ask('look', { name: this.#name });
  close = () => this.#clients.ask('close', { name: this.#name });
  ask = (command, what) => this.#server.ask(command, what);

  end() {
    this.#server.end();
    this.#clients.end();
  }
}

/**
 * Has `use` work with runners for contenders, by label: `who` it is, `headers` of its clients, `messages` in an update, the file of
 * its `server`, and its spec.
 */
export async function withRunners(contenders, use) {
  const runners = new Map(
    Object.entries(contenders).map(([label, contender]) => [label, new Runner(label, contender)]),
  );
  try {
    for (const runner of runners.values()) await runner.listen();
    return await use(runners);
  } finally {
    for (const runner of runners.values()) runner.end();
  }
}

/** Medians over interleaved rounds, in rotated order; ratios are formed within a round. */
export async function rounds(runners, count, turn) {
  const labels = [...runners.keys()];
  const taken = Object.fromEntries(labels.map((label) => [label, []]));
  for (let round = 0; round < count; round++) {
    for (let at = 0; at < labels.length; at++) {
      const label = labels[(at + round) % labels.length];
      taken[label].push(await turn(runners.get(label)));
    }
  }
  return {
    median: (label, of = 'time') => median(taken[label].map((each) => each[of])),
    ratio: (label, reference) =>
      median(taken[label].map(({ time }, round) => time / taken[reference][round].time)),
  };
}

import { memory } from '../../src/backplanes/memory/index.js';
import { ModelEngine } from '../rig/model-log.js';
import { canonical } from '../rig/documents.js';
import { runOnStage, type Outcome, type Stage } from '../simulation/stage.js';
import { SimulatedClient } from './client.js';
import { CLIENTS, NODES, type Plan, type Step } from './plan.js';
import { SimulatedNode, type Fate } from './server.js';

/** How long everything may take to come right when nothing goes wrong any more, in virtual ms. */
const RECOVERY_MS = 60_000;

/** Runs a plan on virtual time; the same plan always does the same. */
export function run(plan: Plan, keepLog = false): Promise<Outcome> {
  return runOnStage(plan.seed, keepLog, async (stage) => {
    const play = new Play(plan, stage);
    try {
      await play.run();
      play.check();
    } finally {
      await play.close();
    }
  });
}

/** Clients and nodes, and what they must have in the end. */
class Play {
  readonly #plan: Plan;
  readonly #stage: Stage;
  readonly #engine = new ModelEngine();
  /** The events of clients that handlers received. */
  readonly #received: string[] = [];
  readonly #nodes: SimulatedNode[];
  readonly #clients: SimulatedClient[];
  readonly #sent = {
    up: [] as string[],
    down: Array.from({ length: CLIENTS }, (): string[] => []),
  };
  /** By mark: what became of the update that adds it. */
  readonly #fates = new Map<string, Fate>();
  readonly #calls: Promise<void>[] = [];

  constructor(plan: Plan, stage: Stage) {
    this.#plan = plan;
    this.#stage = stage;
    const { network, time, watch } = stage;
    const { bus } = memory();
    this.#nodes = Array.from({ length: NODES }, () =>
      time.within(network.server, () => new SimulatedNode(this.#engine, bus, this.#received, watch)),
    );
    network.serve(...this.#nodes.map(({ hub }) => hub));
    this.#clients = Array.from(
      { length: CLIENTS },
      (_, n) => new SimulatedClient(n, plan.way, network, watch),
    );
  }

  get #living(): SimulatedNode[] {
    return this.#nodes.filter(({ isDead }) => !isDead);
  }

  async run(): Promise<void> {
    const { time } = this.#stage;
    await time.advance(3_000);
    for (const [n, step] of this.#plan.steps.entries()) {
      this.#perform(step, n);
      await time.advance(step.pause);
    }
    await time.advance(4_000); // lags and outages end
    for (const node of this.#nodes) node.heal();
    await time.advance(RECOVERY_MS);
    await Promise.all(this.#calls);
  }

  #perform(step: Step, n: number): void {
    const { time, watch } = this.#stage;
    watch.note(`${n} ${JSON.stringify(step)}`);
    const client = 'client' in step ? this.#clients[step.client] : undefined;
    const node = 'node' in step ? this.#living[step.node % this.#living.length] : undefined;
    if (step.does === 'up' && client) {
      this.#sent.up.push(`up ${n}`);
      client.sync.emit('up', `up ${n}`);
    } else if (step.does === 'cast') {
      for (const all of this.#sent.down) all.push(`cast ${n}`);
      node?.hub.to('all').emit('down', `cast ${n}`);
    } else if (step.does === 'down') {
      this.#sent.down[step.client]?.push(`down ${n}`);
      node?.hub.only(`c${step.client}`).emit('down', `down ${n}`);
    } else if (step.does === 'call' && node) this.#calls.push(this.#call(node));
    else if (step.does === 'update') {
      for (let count = 0; count < step.times; count++) {
        const mark = `${n}.${count}`;
        this.#fates.set(mark, 'pending');
        void node?.mark(mark, (fate) => this.#fates.set(mark, fate));
      }
    } else if (step.does === 'join') client?.join(step.room);
    else if (step.does === 'leave') client?.leave(step.room);
    else if (step.does === 'cut') client?.cut();
    else if (step.does === 'claim') client?.claim();
    else if (step.does === 'lag' && node) {
      node.bus.hearMs = () => step.late;
      time.schedule(step.ms, () => (node.bus.hearMs = () => 0));
    } else if (step.does === 'lose hints' && node) node.log.faults.lostHints += step.count;
    else if (step.does === 'lose replies' && node) node.log.faults.lostReplies += step.count;
    else if (step.does === 'outage') {
      for (const each of this.#nodes) each.setDown(true);
      time.schedule(step.ms, () => this.#nodes.forEach((each) => each.setDown(false)));
    } else if (step.does === 'lose tail') this.#engine.loseTail('marks', step.count);
    else if (step.does === 'wipe') this.#engine.wipe();
    else if (step.does === 'die') this.#kill();
  }

  #kill(): void {
    this.#nodes[0]?.die();
    this.#stage.network.serve(...this.#living.map(({ hub }) => hub));
    this.#stage.network.cut();
  }

  /** Calls all clients: each has at most one outcome, and a reply of its own. */
  async #call(node: SimulatedNode): Promise<void> {
    const { watch } = this.#stage;
    try {
      const outcomes = await node.hub.to('all').call('ask', 1, { timeout: 5_000 });
      const names = outcomes.map(({ session }) => session.name);
      const ofOneSession = names.filter((name) =>
        this.#clients.some((client) => client.name === name && !client.hasLostSession),
      );
      this.#none('a call had two outcomes of', doubled(ofOneSession));
      for (const { session, data } of outcomes)
        watch.check(
          (data ?? session.name) === session.name,
          () => `${session.name} replied as ${String(data)}`,
        );
      if (this.#plan.settings.harm === 'none')
        watch.check(names.length === CLIENTS, () => `a call had the outcomes of ${String(names)} alone`);
    } catch (error) {
      watch.note(`a call failed: ${(error as Error).message}`);
      const isExcused = this.#plan.settings.harm === 'engine' || node.isDead;
      if (!isExcused) watch.fail(`a call failed: ${(error as Error).message}`);
    }
  }

  check(): void {
    const { watch } = this.#stage;
    const { harm } = this.#plan.settings;
    for (const { name, sync } of this.#clients) {
      const { state } = sync.status.get();
      watch.check(state === 'open', () => `${name} is ${state}`);
    }
    this.#none('lost', missing(this.#sent.up, this.#received));
    for (const client of this.#clients) this.#checkRelayed(client);
    for (const client of this.#clients) this.#checkRooms(client);
    this.#checkMarks();
    // A session ends with its node. Then events to its client are lost.
    if (harm === 'node') return;
    this.#none(
      'repeated',
      doubled(this.#received).filter((event) => !this.#mayRepeat(event)),
    );
    this.#clients.forEach(({ name, got, hasLostSession }, n) => {
      // A new session may hear a late cast that the former one has had.
      if (!hasLostSession) this.#none(`${name} got twice`, doubled(got));
      // Other nodes miss events while the engine is away.
      if (harm !== 'engine') this.#none(`${name} lost`, missing(this.#sent.down[n] ?? [], got));
      const owners = this.#nodes.filter(({ hub }) => hub.only(name).sessions().length > 0);
      watch.check(owners.length === 1, () => `${name} has ${owners.length} owners`);
    });
  }

  /** A client never receives its own events, which are relayed to all others. A new session is not the one that sent them. */
  #checkRelayed({ name, relayed, hasLostSession }: SimulatedClient): void {
    if (hasLostSession) return;
    const isOwn = (event: string): boolean => {
      const step = this.#plan.steps[Number(event.slice('up '.length))];
      return step?.does === 'up' && this.#clients[step.client]?.name === name;
    };
    this.#none(`${name} got its own`, relayed.filter(isOwn));
  }

  /** The client of an event sends it again in a new session if the former one is not found. */
  #mayRepeat(event: string): boolean {
    const step = this.#plan.steps[Number(event.slice('up '.length))];
    return step?.does === 'up' && this.#clients[step.client]?.hasLostSession === true;
  }

  #checkRooms({ name, rooms }: SimulatedClient): void {
    const sessions = this.#living.flatMap(({ hub }) => hub.only(name).sessions());
    const [session] = sessions.filter(({ transport }) => transport);
    const [wanted, joined] = [[...rooms.keys()], session?.rooms ?? []];
    this.#none(`${name} is not in`, missing(wanted, joined));
    this.#none(`${name} is still in`, missing(joined, wanted));
  }

  /** All nodes and clients have one value, with each acknowledged update once. */
  #checkMarks(): void {
    const { watch } = this.#stage;
    const [first, ...others] = this.#living.map(({ marks }) => marks.get());
    if (!first) return watch.fail('no node lives');
    for (const other of [...others, ...this.#clients.map(({ marks }) => marks)])
      watch.check(
        canonical(other) === canonical(first),
        () => `two values: ${JSON.stringify(first)} and ${JSON.stringify(other)}`,
      );
    this.#none('applied twice', doubled(first.marks));
    watch.check(first.count === first.marks.length, () => `${first.count} of ${first.marks.length} marks`);
    const lost = [...this.#fates].filter(
      ([mark, fate]) => fate === 'acknowledged' && !first.marks.includes(mark),
    );
    const isReported = this.#nodes.some(({ hasReportedLoss }) => hasReportedLoss);
    // The marks of a node that died may be acknowledged there and unknown to the others only if the engine lost them.
    if (this.#plan.settings.harm !== 'amnesia' || !isReported)
      this.#none(
        'lost updates',
        lost.map(([mark]) => mark),
      );
    for (const [mark, fate] of this.#fates)
      if (fate === 'nothing')
        watch.check(!first.marks.includes(mark), () => `${mark} was refused and applied`);
  }

  #none(what: string, found: readonly string[]): void {
    this.#stage.watch.check(found.length === 0, () => `${what}: ${found.join(', ')}`);
  }

  async close(): Promise<void> {
    for (const { sync } of this.#clients) sync.close();
    await Promise.all([...this.#nodes.map(({ hub }) => hub.close()), this.#stage.time.advance(40_000)]);
  }
}

const missing = (wanted: readonly string[], got: readonly string[]): string[] =>
  wanted.filter((each) => !got.includes(each));

const doubled = (got: readonly string[]): string[] => got.filter((each, at) => got.indexOf(each) !== at);

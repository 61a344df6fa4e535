import { isDeepStrictEqual } from 'node:util';
import { createEndpoint } from '../../src/http/endpoint.js';
import { Hub } from '../../src/hub/hub.js';
import { LocalState } from '../../src/state/local-state.js';
import type { DeepReadonly } from '../../src/state/state.js';
import { createRandom } from '../../src/testing/random.js';
import { each } from '../../src/views/each.js';
import { LeakClient } from './client.js';
import { readValue, type Server } from './links.js';
import type { Plan, Step } from './plan.js';
import { ROLES, Truth, type Role, type Value } from './truth.js';

/** What became of a run. */
export interface Outcome {
  /** The first thing that must not happen and did. */
  readonly violation: string | undefined;
  /** How many secrets the clients could follow to the end. */
  readonly followed: number;
  readonly log: readonly string[];
}

/** After so many turns of the event loop everything that a step causes has happened. */
const TURNS = 4;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Runs a plan: whatever the clients do, no text that a client is sent has a secret that it may not see. */
export async function run(plan: Plan, keepLog = false): Promise<Outcome> {
  const now = performance.now.bind(performance);
  let offset = 0;
  performance.now = () => now() + offset;
  const rig = new Rig(plan);
  try {
    await rig.start();
    for (const step of plan.steps) {
      if (rig.violation) break;
      if (keepLog) rig.log.push(JSON.stringify(step));
      if (step.does === 'wait') offset += 1_100;
      await rig.perform(step);
    }
    if (!rig.violation) await rig.end();
  } catch (error) {
    rig.violation ??= String((error as Error).stack);
  } finally {
    performance.now = now;
    rig.close();
  }
  const { violation, followed, log } = rig;
  return { violation, followed, log };
}

class Rig {
  violation: string | undefined;
  followed = 0;
  readonly log: string[] = [];
  readonly #plan: Plan;
  readonly #truth = new Truth();
  readonly #roles = new Map<string, Role>();
  readonly #state: LocalState<Value>;
  readonly #server: Server;
  readonly #clients: LeakClient[] = [];
  readonly #random: () => number;
  #broken: Role | undefined;
  #names = 0;

  constructor(plan: Plan) {
    const { seed, settings } = plan;
    this.#plan = plan;
    this.#random = createRandom(seed, 1).next;
    const hub = new Hub({
      authorize: ({ token }) => ({ name: token }),
      identify: (context) => (context as { name: string }).name,
      heartbeat: Infinity,
      compression: 'all',
      logger: () => undefined,
      limits: { opensPerAddress: Infinity },
    });
    this.#state = new LocalState<Value>(
      { round: 0, rows: [] },
      { history: { revisions: settings.revisions } },
    );
    hub.views.publish('game', this.#state, {
      history: { revisions: settings.revisions },
      audience: ({ name }: { name: string }) => this.#roles.get(name),
      view: (value: DeepReadonly<Value>, role: Role) => {
        if (role === this.#broken) throw new Error('the view is broken');
        return this.#view(value, role);
      },
    });
    this.#server = { hub, endpoint: createEndpoint(hub) };
  }

  async start(): Promise<void> {
    this.#write(8, 0);
    for (const { form, role } of this.#plan.settings.clients) this.#add(role).open(form);
    await this.#settle();
  }

  async perform(step: Step): Promise<void> {
    this.#act(step);
    await this.#settle();
  }

  /** In the end everybody who followed the protocol has what its role may see. */
  async end(): Promise<void> {
    this.#broken = undefined;
    this.#write(2, 1);
    await this.#settle();
    await this.#settle();
    for (const client of this.#clients) {
      const { document, role, name, form } = client;
      if (!document || form === 'version-2') continue; // it sends other frames, which are only searched
      const expected = this.#view(this.#state.get(), role);
      this.followed += expected.rows.length;
      if (!isDeepStrictEqual(document.value, expected))
        this.violation ??= `${name} (${role}, ${form}) has ${JSON.stringify(document.value)} for ${JSON.stringify(expected)}`;
    }
  }

  close(): void {
    for (const client of this.#clients) client.close();
    void this.#server.endpoint.close();
  }

  #view(value: DeepReadonly<Value>, role: Role): { round: number; rows: readonly object[] } {
    const { isRedacted } = this.#plan.settings;
    const seen = each(value.rows, role, (row) => (row.owner === role ? row : { id: row.id }));
    return { round: value.round, rows: isRedacted ? seen : seen.filter((row) => 'secret' in row) };
  }

  #act(step: Step): void {
    if (step.does === 'write') return this.#write(step.times, step.seed, step.isSmall);
    if (step.does === 'break') return void (this.#broken = step.role);
    if (step.does === 'wait') return;
    if (step.does === 'beat') {
      const budget = { left: 20_000 };
      for (const { session } of this.#clients) session?.beat(budget, 2);
      return;
    }
    const client = this.#clients[step.client] as LeakClient;
    if ('writes' in step) {
      if (step.writes) this.#write(1, step.client);
      this.#roles.set(client.name, step.role);
      client.change(step.role);
      if (step.does === 'promote') client.authenticate();
      const isHeard = client.session !== undefined && step.does === 'promote';
      if (!isHeard)
        void this.#server.hub.recheck((context) => (context as { name: string }).name === client.name);
      return;
    }
    if (step.does === 'reconnect') {
      client.close();
      if (step.role) this.#roles.set(client.name, (client.role = step.role));
      const { traces } = client;
      if (step.isFresh) client.document = undefined;
      return client.open(step.form, step.isFresh ? {} : traces);
    }
    if (step.does === 'replay') return client.replay();
    const { traces } = this.#clients[step.of] as LeakClient;
    if (step.does === 'impersonate') {
      client.close();
      const another = this.#add(step.role, step.client);
      if (step.role === traces.role) this.#truth.share(another.name, step.role);
      return another.open(step.form, traces);
    }
    if (step.does === 'borrow') {
      if (client.role === traces.role) this.#truth.share(client.name, client.role);
      return client.resubscribe(traces.wanted);
    }
    void this.#read(client, traces.etag);
  }

  async #read(client: LeakClient, foreign: string | undefined): Promise<void> {
    const { text, etag } = await readValue(this.#server, client.name, foreign);
    client.etag = etag ?? client.etag;
    client.check(text);
  }

  #add(role: Role, at = this.#clients.length): LeakClient {
    const name = `client-${this.#names++}`;
    this.#roles.set(name, role);
    const client = new LeakClient(
      name,
      role,
      'deflate',
      this.#server,
      this.#truth,
      (what) => (this.violation ??= what),
    );
    this.#clients[at] = client;
    return client;
  }

  #write(times: number, seed: number, isSmall = false): void {
    const { between, chance, pick, next } = createRandom(seed, 2);
    const { padding } = this.#plan.settings;
    for (let time = 0; time < times; time++) {
      this.#state.update((draft) => {
        const { rows } = draft;
        const at = between(0, Math.max(0, rows.length - 1));
        const secret = this.#truth.createSecret(this.#random);
        const note = '~'.repeat(padding);
        const row = rows[at];
        const kind = isSmall ? 60 : between(1, 100);
        if (!row || rows.length < 5 || (kind <= 35 && rows.length < 12))
          rows.splice(at, 0, { id: Math.floor(next() * 1e9), owner: pick(ROLES), secret, note });
        else if (kind <= 55) row.owner = pick(ROLES);
        else if (kind <= 75) row.secret = secret;
        else if (kind <= 90) rows.splice(at, 1);
        else draft.round++;
        if (chance(0.1)) rows.reverse();
      });
      this.#truth.expose(this.#state.get().rows);
    }
  }

  async #settle(): Promise<void> {
    for (let at = 0; at < TURNS; at++) {
      await turn();
      for (const client of this.#clients) client.poll();
    }
    this.#truth.next();
  }
}

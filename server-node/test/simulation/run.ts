import { inflict } from '../../src/testing/faults.js';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom } from '../../src/testing/random.js';
import { SimulatedClient } from './client.js';
import { unleash } from './hostile.js';
import { TOPICS, type Plan, type Settings, type Step } from './plan.js';
import { repeatPolls } from './repeat-polls.js';
import { SimulatedServer } from './server.js';
import { runOnStage, type Outcome, type Stage } from './stage.js';

/** How long everybody may take to come right when nothing goes wrong any more, in virtual ms. */
const RECOVERY = 120_000;
/** How often the audit looks for clients that are wrong without saying so, in virtual ms. */
const AUDIT = 1_000;

/** Runs a plan on virtual time; the same plan always does the same. Nothing else that uses time may run meanwhile. */
export function run(plan: Plan, keepLog = false): Promise<Outcome> {
  return runOnStage(plan.seed, keepLog, (stage) => play(plan, stage));
}

async function play(plan: Plan, { time, network, watch, onEnd }: Stage): Promise<void> {
  const { settings, steps, seed } = plan;
  const server = time.within(network.server, () => new SimulatedServer(plan, network, watch));
  const clients = Array.from({ length: settings.clients }, (_, index) => {
    const path = network.path(`client-${index}`);
    const random = createRandom(seed, 20 + index);
    path.latency = () => random.between(1, settings.latency);
    return time.within(path.zone, () => new SimulatedClient(index, plan, network, server, watch));
  });
  onEnd(() => clients.forEach(({ sync }) => sync.close()));
  unleash(plan, network);
  repeatPolls(
    plan,
    clients.map((client) => client.path),
  );
  let left = steps.length;
  for (const step of steps) {
    const act = (): void => {
      left--;
      perform(step, server, clients, network);
    };
    time.schedule(step.at, act, isOfClient(step) ? clients[step.client]?.path.zone : network.server);
  }
  const limit = patienceOf(settings);
  const onStep = (): void => {
    if (watch.violation) throw new Error(watch.violation);
  };
  // Frozen parties act later.
  while (left > 0 || network.frozenUntil > time.now) {
    await time.advance(AUDIT, onStep);
    for (const client of clients) client.audit(limit);
  }

  // Nothing goes wrong any more, and all is wanted.
  network.heal();
  time.within(network.server, () => server.heal());
  // Before rights are asked for and anything is written: a value that is current again has to be known as such.
  const end = time.now + RECOVERY;
  time.within(network.server, () => server.outdateFor(3_000));
  await time.advance(5_000, onStep);
  const isOutdated = (): boolean => clients.some((client) => client.isOutdated);
  while (isOutdated() && time.now < end) await time.advance(AUDIT, onStep);
  watch.check(!isOutdated(), () => 'a client takes "far/1" to be outdated');
  for (const client of clients) {
    time.within(network.server, () => server.allow(client.index, true));
    time.within(client.path.zone, () => {
      client.heal();
      for (const topic of TOPICS) client.join(topic);
      client.note();
      if (client.sync.status.get().state === 'closed') client.sync.reconnect();
    });
  }
  time.within(network.server, () => TOPICS.forEach((topic) => server.write(topic, 1, 1, 0)));
  const missing = (): string | undefined => {
    const client = clients.find((each) => each.missing());
    return client && `client ${client.index}: ${client.missing()}`;
  };
  while (missing() && time.now < end) await time.advance(AUDIT, onStep);
  for (const client of clients) client.audit(limit);
  const still = missing();
  watch.check(!still, () => still ?? '');
}

/** For how long a client may not notice that it hears nothing. */
function patienceOf({ heartbeat, latency }: Settings): number {
  return heartbeat + 20_000 + 4 * latency;
}

function isOfClient(step: Step): step is Step & { readonly client: number } {
  return 'does' in step && ['note', 'leave', 'join', 'renew', 'flicker'].includes(step.does);
}

function perform(
  step: Step,
  server: SimulatedServer,
  clients: SimulatedClient[],
  network: MemoryNetwork,
): void {
  const client = clients['client' in step ? step.client : 0];
  if (!client) return;
  if ('harm' in step) {
    const ms = 'ms' in step ? step.ms : 0;
    const hit = 'who' in step && step.who === 'server' ? clients : [client];
    for (const each of hit) each.excusedUntil = Math.max(each.excusedUntil, network.time.now + ms);
    return inflict(step, client.path, network);
  }
  switch (step.does) {
    case 'write':
      return server.write(step.topic, step.seed, step.times, step.every);
    case 'note':
      return client.note(step.times);
    case 'tell':
      return server.tell(step.client, step.times);
    case 'leave':
      return client.leave(step.topic);
    case 'join':
      return client.join(step.topic);
    case 'expire':
      return server.expire(step.client);
    case 'renew':
      return client.renew();
    case 'forbid':
    case 'permit':
      return server.allow(step.client, step.does === 'permit');
    case 'promote':
      return server.promote(step.client);
    case 'replace':
      return server.replace(step.seed);
    case 'fail':
      return server.failFor(step.ms);
    case 'outdate':
      return server.outdateFor(step.ms);
    case 'recheck':
      return server.recheck();
    case 'restart':
      return server.restart(step.how, step.drain);
    case 'flicker':
      return client.flicker(step.ms, step.life);
    case 'alternate':
      for (const each of clients) each.trouble(step.ms);
      return server.alternate(step.ms);
  }
}

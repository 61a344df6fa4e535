import { inflict } from '../../src/testing/faults.js';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom } from '../../src/testing/random.js';
import { runOnStage, type Outcome, type Stage } from '../simulation/stage.js';
import { repeatPolls } from '../simulation/repeat-polls.js';
import { OF_THE_APPLICATION } from './calls.js';
import { SimulatedClient } from './client.js';
import { checkLastCrash } from './last-crash.js';
import { HALL, LANES, LOBBY, ROOMS, type CastPlan, type Plan, type Step } from './plan.js';
import { nameOf, SimulatedServer } from './server.js';

/** How long everybody may take to come right when nothing goes wrong any more, in virtual ms. */
const RECOVERY = 180_000;
const TURN = 1_000;

/** Sends an event to a room, or to everyone. */
const EVERYONE: CastPlan = {
  from: 'hub',
  client: 0,
  to: undefined,
  notIn: [],
  only: undefined,
  except: [],
  isByName: false,
  isVolatile: false,
  lane: '',
  times: 1,
  pad: 0,
};

/** Runs a plan on virtual time; the same plan always does the same. */
export function run(plan: Plan, keepLog = false): Promise<Outcome> {
  const isExpected = (error: unknown): boolean => (error as Error).message === OF_THE_APPLICATION;
  return runOnStage(plan.seed, keepLog, (stage) => play(plan, stage), isExpected);
}

async function play(plan: Plan, stage: Stage): Promise<void> {
  const { time, network, watch } = stage;
  const { settings, steps, seed } = plan;
  const server = time.within(network.server, () => new SimulatedServer(plan, network, watch));
  const clients = Array.from({ length: settings.clients }, (_, index) => {
    const path = network.path(`client-${index}`);
    const random = createRandom(seed, 20 + index);
    path.latency = () => random.between(1, settings.latency);
    return time.within(path.zone, () => new SimulatedClient(index, plan, network, server, watch));
  });
  stage.onEnd(() => clients.forEach(({ sync }) => sync.close()));
  const paths = clients.map((client) => client.path);
  repeatPolls(plan, paths);
  let left = steps.length;
  for (const step of steps) {
    const act = (): void => {
      left--;
      perform(step, server, clients, network);
    };
    time.schedule(step.at, act, isOfClient(step) ? clients[step.client]?.path.zone : network.server);
  }
  const onStep = (): void => {
    if (watch.violation) throw new Error(watch.violation);
  };
  // Frozen parties act later.
  while (left > 0 || network.frozenUntil > time.now) await time.advance(TURN, onStep);

  network.heal();
  const end = time.now + RECOVERY;
  const until = async (missing: () => string | undefined): Promise<void> => {
    while (missing() && time.now < end) await time.advance(TURN, onStep);
    const still = missing();
    watch.check(!still, () => still ?? '');
  };
  const notOpen = (): string | undefined =>
    clients.some(({ sync }) => sync.status.get().state !== 'open') ? 'a client has no link' : undefined;
  await until(notOpen);
  for (const client of clients)
    time.within(client.path.zone, () => {
      for (const lane of LANES) client.note(lane, 1, 0);
      if (settings.isLastCrash && client.index < 2) client.enter();
      if (client.wants(LOBBY)) client.move();
    });
  // Sessions that were left behind end.
  await time.advance(settings.patience + TURN, onStep);
  time.within(network.server, () => {
    for (const lane of LANES) server.cast({ ...EVERYONE, lane });
    for (const room of [HALL, ...ROOMS]) server.cast({ ...EVERYONE, to: [room] });
  });
  await until(() => missingOf(server, clients));
  if (settings.isLastCrash) await checkLastCrash(plan, stage, server, clients, onStep);
}

/** The missing part, when nothing goes wrong any more; undefined: nothing. */
function missingOf(server: SimulatedServer, clients: readonly SimulatedClient[]): string | undefined {
  for (const client of clients) {
    const missing = client.missing();
    if (missing) return `client ${client.index}: ${missing}`;
  }
  for (const room of [HALL, LOBBY]) {
    const wanted = clients.filter((client) => client.wants(room)).map(({ record }) => record?.name);
    const members = server.membersOf(room).map(({ name }) => name);
    if (wanted.sort().join() !== members.sort().join())
      return `in the ${room}: ${members.join()}, not ${wanted.join()}`;
  }
  for (const client of clients) {
    const member = server.lobby[nameOf(client.index)];
    if (!member !== !client.wants(LOBBY) || member?.away)
      return `the lobby shows ${JSON.stringify(member)} of client ${client.index}`;
    const at = (member?.at as Record<string, { move: number }> | undefined)?.[nameOf(client.index)];
    if (member && at?.move !== client.mine.move)
      return `the lobby shows move ${at?.move} of client ${client.index}, not ${client.mine.move}`;
  }
  return server.calls.missing() ?? server.asked.missing() ?? server.added.missing();
}

function isOfClient(step: Step): step is Step & { readonly client: number } {
  const deeds = ['note', 'join', 'leave', 'enter', 'move', 'exit', 'call', 'add'];
  return 'does' in step && deeds.includes(step.does);
}

function perform(
  step: Step,
  server: SimulatedServer,
  clients: readonly SimulatedClient[],
  network: MemoryNetwork,
): void {
  const client = clients['client' in step ? step.client : 0];
  if (!client) return;
  if ('harm' in step) return inflict(step, client.path, network);
  switch (step.does) {
    case 'note':
      return client.note(step.lane, step.times, step.pad);
    case 'tell':
      return server.tell(step.client, step.lane, step.times, step.pad);
    case 'cast':
      return server.cast(step);
    case 'admit':
    case 'expel':
      return server.admit(step.client, step.room, step.does === 'admit');
    case 'join':
    case 'leave':
    case 'enter':
    case 'move':
    case 'exit':
      return client[step.does]();
    case 'call':
      return client.call(step);
    case 'add':
      return client.add(step);
    case 'ask':
      return server.ask(step.client, step);
    case 'survey':
      return server.survey(step.room, step);
    case 'write':
      return server.write();
    case 'dismiss':
      return server.dismiss(step.client);
    case 'restart':
      return server.restart(step.isCrash);
  }
}

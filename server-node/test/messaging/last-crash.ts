import { inflict } from '../../src/testing/faults.js';
import type { Stage } from '../simulation/stage.js';
import type { SimulatedClient } from './client.js';
import { HALL, LOBBY, type Plan } from './plan.js';
import { nameOf, type SimulatedServer } from './server.js';

/** Longer than a run lasts, in ms. */
const FOR_EVER = 1e9;
/** How late a heartbeat may be, in ms. */
const GRACE = 5_000;
/** The time of the checks, and of the lobby's deliveries, in ms. */
const SLACK = 1_000;

/** The first client vanishes without a word: it is away in time, gone with its session, and leaves nothing behind. */
export async function checkLastCrash(
  { settings }: Plan,
  { time, network, watch }: Stage,
  server: SimulatedServer,
  clients: readonly SimulatedClient[],
  onStep: () => void,
): Promise<void> {
  const [crashed, other] = clients as [SimulatedClient, SimulatedClient | undefined];
  const name = nameOf(crashed.index);
  const beats = server.transportOf(crashed.index) === 'websocket' ? 2 : 3;
  watch.note(`client-${crashed.index}: vanishes`);
  const inflictAll = (harm: Parameters<typeof inflict>[0]): void => inflict(harm, crashed.path, network);
  inflictAll({ harm: 'half-open', told: 'nobody' });
  inflictAll({ harm: 'freeze', who: 'client', ms: FOR_EVER });
  const { heartbeat, latency, patience } = settings;
  await time.advance(beats * heartbeat + GRACE + 4 * latency + SLACK, onStep);
  const isAway = (): boolean => server.lobby[name] === undefined || server.lobby[name].away === true;
  watch.check(isAway(), () => `client ${crashed.index} is not away`);
  await time.advance(patience + SLACK, onStep);
  watch.check(!server.lobby[name], () => `client ${crashed.index} is still in the lobby`);
  for (const room of [HALL, LOBBY]) {
    const ghost = server.membersOf(room).find(({ client }) => client === crashed.index);
    watch.check(!ghost, () => `${ghost?.name} is still in the ${room}`);
  }
  const { record } = crashed;
  watch.check(record?.endedBy !== undefined, () => `${record?.name} lives, although its client has vanished`);
  const missing = other?.missing();
  watch.check(!missing, () => `client ${other?.index}: ${missing}`);
}

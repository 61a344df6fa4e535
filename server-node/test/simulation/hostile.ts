import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import type { Path } from '../../src/testing/memory-path.js';
import { createRandom, type Random } from '../../src/testing/random.js';
import { frameText } from '../fuzz/generate.js';
import type { Plan } from './plan.js';

const NAME = 'hostile';
const JSON_ONLY = { accept: 'application/json' };
const OPENING = JSON.stringify([{ open: { token: 'of nobody' } }, { subscribe: [{}] }]);

/** A client that is authorized, and means harm: a token of the simulated server that never expires. */
const INSIDER = '{"open":{"token":"-1:1000000000000"}}';

/** So many frames, most of them odd, behind an opening. */
function frames(random: Random): string[] {
  return [INSIDER, ...Array.from({ length: random.between(1, 30) }, () => frameText(random))];
}

/** The actions of a hostile peer on one connection.
 * The server must not mind, and the honest clients beside it must not notice. */
const ATTACKS: readonly ((network: MemoryNetwork, random: Random) => void)[] = [
  (network) => say(network, []),
  (network) => say(network, ['{"open":{"token":"of nobody"}}', '{"subscribe":[{}]}']),
  (network) => say(network, ['{"open":{}}', ...Array<string>(50).fill('{"ping":true}')]),
  (network) => say(network, ['{"event":"first","data":1,"seq":1}']),
  (network) => say(network, ['x'.repeat(20_000)]),
  (network, { between }) => say(network, ['['.repeat(between(1, 2_000))]),
  (network) => ask(network, '', {}),
  (network, { between }) =>
    ask(network, `&id=x&v=${between(1, 50)}`, { headers: { accept: 'text/event-stream' } }),
  (network) => ask(network, '', { method: 'POST', body: OPENING, headers: JSON_ONLY }),
  (network) => ask(network, '', { method: 'POST', body: '[{"open":'.repeat(20), headers: JSON_ONLY }),
  (network, { between }) => {
    const headers = { ...JSON_ONLY, 'velox-session': 'of somebody', 'velox-poll': `${between(1, 3)}` };
    ask(network, '', { headers });
    ask(network, '', { headers });
  },
  (network, random) => say(network, frames(random)),
  (network, random) => say(network, frames(random)),
  (network, random) =>
    ask(network, '', { method: 'POST', body: `[${frames(random).join()}]`, headers: JSON_ONLY }),
  (network, random) =>
    ask(network, '', {
      method: 'POST',
      body: `[${frames(random).join()}]`,
      headers: { accept: 'text/event-stream' },
    }),
  (network) =>
    say(network, [
      INSIDER,
      ...Array<string>(3_000).fill('{"subscribe":[{},{"topic":"slow"},{"topic":"far/1"}]}'),
    ]),
];

/** Lets a hostile peer attack now and then while a plan runs. Half of the plans have one. */
export function unleash({ seed, steps }: Plan, network: MemoryNetwork): void {
  const random = createRandom(seed, 50);
  if (random.chance(0.5)) return;
  const path: Path = network.path(NAME);
  path.latency = () => random.between(1, 50);
  const end = Math.max(0, ...steps.map(({ at }) => at));
  for (let count = random.between(1, 20); count > 0; count--) {
    const attack = random.pick(ATTACKS);
    network.time.schedule(random.between(0, end), () => attack(network, random), path.zone);
    if (random.chance(0.2)) network.time.schedule(random.between(0, end), () => path.cut(), path.zone);
  }
}

/** Opens a WebSocket, and says all of it at once. */
function say(network: MemoryNetwork, texts: readonly string[]): void {
  const url = `${network.urlOf(NAME).replace('http', 'ws')}?velox=3`;
  const socket = new network.WebSocket(url) as WebSocket;
  socket.onerror = () => undefined; // the server may be away
  socket.onopen = () => texts.forEach((text) => socket.send(text));
}

function ask(network: MemoryNetwork, query: string, init: RequestInit): void {
  fetch(`${network.urlOf(NAME)}?velox=3${query}`, init).then(
    (response) => response.body?.cancel(),
    () => undefined, // the server may be away
  );
}

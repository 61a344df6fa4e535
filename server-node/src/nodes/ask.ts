import { VeloxError } from '@velox/core/protocol';
import type { Letters } from './letters.js';
import { ANSWER_MS, LATE_MS } from './moves.js';
import type { Peers } from './peers.js';

/** The parts of a node that questions need. */
export interface Asker {
  readonly letters: Letters;
  readonly peers: Peers;
}

/**
 * Asks a node until it answers: a question or its answer may be lost with the bus, so the node may hear the question repeatedly. It is
 * also asked again if its answer is undefined.
 *
 * @returns the answer; undefined if the node counts as dead, or `ms` have passed
 */
export async function insist(
  { letters, peers }: Asker,
  node: string,
  kind: string,
  data: unknown,
  ms: number,
): Promise<unknown> {
  const end = performance.now() + ms;
  const isDue = (): boolean => performance.now() < end && !peers.isGone(node);
  while (isDue()) {
    const again = performance.now() + ANSWER_MS;
    const answer = await letters.ask(node, kind, data, ANSWER_MS, isDue);
    if (answer !== undefined) return answer;
    if (isDue()) await new Promise((resolve) => setTimeout(resolve, again - performance.now()).unref());
  }
  return undefined;
}

/** How long a node is asked, in ms: one that dies meanwhile counts as dead by then, also if its last sign of life comes late. */
const ASK_MS = 2 * LATE_MS;

/**
 * Asks all other nodes that live. One that dies meanwhile has no answer. Takes at most 13 s, and up to 4 s more if this node has
 * just started and waits for the leases of the others.
 *
 * @throws VeloxError `unavailable` if a node that lives does not answer, or this node hears no other one.
 */
export async function askAll(asker: Asker, kind: string, data: unknown): Promise<Map<string, unknown>> {
  const { peers } = asker;
  await peers.whenHeard();
  if (peers.isAlone) throw unavailable('the bus between the servers fails');
  const asked = peers.alive.map(
    async (node) => [node, await insist(asker, node, kind, data, ASK_MS)] as const,
  );
  const answers = await Promise.all(asked);
  const silent = answers.find(([node, answer]) => answer === undefined && !peers.isGone(node));
  if (silent ?? peers.isAlone) throw unavailable('another server does not answer');
  return new Map(answers.filter(([, answer]) => answer !== undefined));
}

const unavailable = (what: string): VeloxError => new VeloxError('unavailable', `${what}. Try again later.`);

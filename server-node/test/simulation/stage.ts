import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { MemoryNetwork } from '../../src/testing/memory-network.js';
import { createRandom } from '../../src/testing/random.js';
import { VirtualTime } from '../../src/testing/virtual-time.js';
import { warmUp } from '../../src/testing/warm-up.js';
import { Watch } from './watch.js';

/** What became of a run. */
export interface Outcome {
  /** The first thing that must not happen and did. */
  readonly violation: string | undefined;
  /** The same for two runs in which the same happened. */
  readonly digest: number;
  /** Virtual ms that it took until everybody had everything. */
  readonly ms: number;
  /** All events, if they were requested. */
  readonly log: readonly string[];
}

/** The parts of a run that do not depend on its plan. */
export interface Stage {
  readonly time: VirtualTime;
  readonly network: MemoryNetwork;
  readonly watch: Watch;
  /** Registers a function that ends what would outlive the run: a page keeps connections in use for ever. */
  readonly onEnd: (end: () => void) => void;
}

/**
 * Runs a play on virtual time; the same play of the same seed always does the same. Nothing else that uses time may run meanwhile.
 *
 * @param isExpected whether the play itself throws such an error in a callback; every other one is a bug
 */
export async function runOnStage(
  seed: number,
  keepLog: boolean,
  play: (stage: Stage) => Promise<void>,
  isExpected: (error: unknown) => boolean = () => false,
): Promise<Outcome> {
  await warmUp();
  const time = new VirtualTime();
  const watch = new Watch(time, keepLog);
  const network = new MemoryNetwork(time);
  const ends: (() => void)[] = [];
  const restore = [
    time.install(createRandom(seed, 3).next),
    network.install(),
    determineBytes(seed),
    catchErrors(watch, isExpected),
  ];
  try {
    await play({ time, network, watch, onEnd: (end) => ends.push(end) });
  } catch (error) {
    if (!watch.violation) watch.fail(String((error as Error).stack));
  }
  const { violation, digest } = watch;
  const log = watch.log.slice();
  ends.forEach((end) => end());
  await time.settle(); // on virtual time: ends of links start timers
  network.end();
  await time.settle();
  restore.forEach((undo) => undo());
  return { violation, digest, ms: time.now, log };
}

/** Determines the names of nodes. If two act at the same moment, their names decide which one is first. */
function determineBytes(seed: number): () => void {
  const { next } = createRandom(seed, 4);
  const { randomBytes } = crypto;
  const determined = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => next() * 256));
  const use = (drawn: unknown): void => {
    Object.assign(crypto, { randomBytes: drawn });
    syncBuiltinESMExports();
  };
  use(determined);
  return () => use(randomBytes);
}

/** An error of a callback is a bug of the simulation, or one found by it. */
function catchErrors(watch: Watch, isExpected: (error: unknown) => boolean): () => void {
  const before = globalThis.reportError;
  globalThis.reportError = (error) => {
    if (!isExpected(error)) watch.fail(String((error as Error).stack));
  };
  return () => void (globalThis.reportError = before);
}

import { createRandom } from '../../src/testing/random.js';
import { ENTRANCES } from './entrances.js';
import { Target } from './target.js';

/** An input that the judge did not accept. */
export interface Finding {
  readonly entrance: string;
  readonly seed: number;
  /** The run that made the input. */
  readonly run: number;
  readonly fault: string;
  readonly input: readonly string[];
  /** The runs that repeat it: `--seed s --first f --runs r`. */
  readonly repeat: Range;
}

interface Range {
  readonly first: number;
  readonly runs: number;
}

export interface FuzzOptions {
  readonly entrance: string;
  readonly runs: number;
  readonly seed: number;
  /** The number of the first run; default 0. */
  readonly first?: number;
}

/** A run hangs if its batch takes longer than this, in ms, and the processor works as long. */
const HANG_MS = 4_000;

/** So many runs attack one target; then a new one takes its place. */
const RUNS_PER_TARGET = 500;
/** So many runs attack beside one another, before the judge looks. */
const RUNS_PER_BATCH = 50;

/** Attacks an entrance until the judge finds a fault. Resolves with it, or with undefined after all runs. */
export async function fuzz({ entrance, runs, seed, first = 0 }: FuzzOptions): Promise<Finding | undefined> {
  if (!ENTRANCES[entrance])
    throw new Error(`there is no entrance "${entrance}". Choose ${Object.keys(ENTRANCES).join(', ')}.`);
  for (let done = 0; done < runs; done += RUNS_PER_TARGET) {
    const range = { first: first + done, runs: Math.min(RUNS_PER_TARGET, runs - done) };
    const finding = await attack(entrance, seed, range, RUNS_PER_BATCH);
    if (finding) return narrowed(finding);
  }
  return undefined;
}

/** Attacks one new target, so many runs at a time. */
async function attack(
  entrance: string,
  seed: number,
  { first, runs }: Range,
  runsPerBatch: number,
): Promise<Finding | undefined> {
  const target = new Target(entrance === 'bus' || entrance === 'log');
  const worked = process.cpuUsage();
  const { stackTraceLimit } = Error;
  // Many inputs make errors, and traces cost more than the errors. The repetition of a fault has them.
  if (runsPerBatch > 1) Error.stackTraceLimit = 0;
  try {
    await target.open();
    const end = first + runs;
    for (let from = first; from < end; from += runsPerBatch) {
      const until = Math.min(end, from + runsPerBatch);
      const inputs: (string | Buffer)[] = [];
      const attacks = Array.from(
        { length: until - from },
        (_, at) => () =>
          ENTRANCES[entrance]?.(target, createRandom(seed, from + at), (input) =>
            // The server unmasks frames where they are.
            inputs.push(typeof input === 'string' ? input : Buffer.from(input)),
          ),
      );
      const begun = process.hrtime.bigint();
      const fault = (await target.attack(attacks)) ?? (hangs(begun, worked) ? 'it took too long' : undefined);
      if (fault === undefined) continue;
      const repeat = { first, runs: until - first };
      return { entrance, seed, run: from, fault, input: inputs.map(excerpt), repeat };
    }
  } finally {
    await target.close();
    Error.stackTraceLimit = stackTraceLimit;
  }
  return undefined;
}

/** Looks for the run at fault in the last batch of a finding: alone, then one at a time behind the runs before. */
async function narrowed(finding: Finding): Promise<Finding> {
  const { entrance, seed, repeat } = finding;
  for (let { run } = finding; run < repeat.first + repeat.runs; run++) {
    const found = await attack(entrance, seed, { first: run, runs: 1 }, 1);
    if (found) return found;
  }
  return (await attack(entrance, seed, repeat, 1)) ?? finding;
}

function excerpt(input: string | Buffer): string {
  const text = input.toString('latin1');
  return text.length > 4_000 ? `${text.slice(0, 4_000)}…` : text;
}

/**
 * Whether a batch that began then, on a target with which the process had worked so long, took too long. The real clock is read first: a
 * look at the processor's is a tenth of a run.
 */
function hangs(begun: bigint, worked: NodeJS.CpuUsage): boolean {
  return (
    Number(process.hrtime.bigint() - begun) / 1e6 > HANG_MS && process.cpuUsage(worked).user / 1_000 > HANG_MS
  );
}

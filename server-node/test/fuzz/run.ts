import type { Duplex } from 'node:stream';
import { createRandom } from '../../src/testing/random.js';
import { ENTRANCES } from './entrances.js';
import { readServerFrames } from '../rig/server-frames.js';
import { Target } from './target.js';

/** An input that the judge did not accept. */
export interface Finding {
  readonly entrance: string;
  /** `--seed s --first n --runs 1` repeats it, unless it needs the runs before. */
  readonly seed: number;
  readonly run: number;
  readonly fault: string;
  readonly input: readonly string[];
}

export interface FuzzOptions {
  readonly entrance: string;
  readonly runs: number;
  readonly seed: number;
  /** The number of the first run; default 0. */
  readonly first?: number;
}

/** Statuses by which a request may be answered; 500 is none of them. */
const STATUSES = [
  101, 200, 204, 304, 400, 401, 403, 404, 405, 406, 408, 413, 414, 421, 426, 429, 431, 501, 503,
];
/** The code that says that the server failed. Others are ours, of RFC 6455, or echo the code of the client. */
const FAILED = 4500;

/** A run hangs if it takes longer than this, in ms, and the processor works as long. */
const HANG_MS = 4_000;

/** So many runs attack one target; then a new one takes its place. */
const RUNS_PER_TARGET = 500;

/** Attacks an entrance until the judge finds a fault. Resolves with it, or with undefined after all runs. */
export async function fuzz({ entrance, runs, seed, first = 0 }: FuzzOptions): Promise<Finding | undefined> {
  const attack = ENTRANCES[entrance];
  if (!attack)
    throw new Error(`there is no entrance "${entrance}". Choose ${Object.keys(ENTRANCES).join(', ')}.`);
  for (let done = 0; done < runs; done += RUNS_PER_TARGET) {
    const target = new Target(entrance === 'bus' || entrance === 'log');
    const worked = process.cpuUsage();
    try {
      await target.open();
      for (let run = first + done; run < first + Math.min(runs, done + RUNS_PER_TARGET); run++) {
        const input: string[] = [];
        const begun = process.hrtime.bigint();
        const answers: Judged[] = [];
        const connections = await attack(target, createRandom(seed, run), (text) => void input.push(text));
        for (const near of connections) answers.push(new Judged(near));
        await target.settle(20);
        const neighbour = await target.checkNeighbour();
        const fault =
          target.problems[0] ??
          answers.map((each) => each.fault).find((each) => each !== undefined) ??
          neighbour ??
          (hangs(begun, worked) ? 'it took too long' : undefined);
        if (fault !== undefined) return { entrance, seed, run, fault, input };
        for (const near of connections) near.destroy();
      }
    } finally {
      await target.close();
    }
  }
  return undefined;
}

/**
 * Whether a run that began then, on a target with which the process had worked so long, took too long. The real clock is read first: a
 * look at the processor's is a tenth of a run.
 */
function hangs(begun: bigint, worked: NodeJS.CpuUsage): boolean {
  return (
    Number(process.hrtime.bigint() - begun) / 1e6 > HANG_MS && process.cpuUsage(worked).user / 1_000 > HANG_MS
  );
}

/** The answer to an attack, as far as it arrives. */
class Judged {
  #bytes = Buffer.alloc(0);
  readonly #statuses: number[] = [];

  constructor(near: Duplex) {
    if (near.listenerCount('data') > 0)
      near.on('status', (status: number) => this.#statuses.push(status)); // HTTP/2
    else near.on('data', (chunk: Buffer) => (this.#bytes = Buffer.concat([this.#bytes, chunk])));
  }

  get fault(): string | undefined {
    const text = this.#bytes.toString('latin1');
    const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
    const odd = [...statuses, ...this.#statuses].find((status) => !STATUSES.includes(status));
    if (odd !== undefined) return `answered ${odd}`;
    const at = this.#bytes.indexOf('\r\n\r\n');
    const isWebSocket = text.startsWith('HTTP/1.1 101') || !text.startsWith('HTTP/');
    if (!isWebSocket) return text.includes('"code":"internal"') ? 'answered internal' : undefined;
    const { texts, close } = readServerFrames(
      text.startsWith('HTTP/') ? this.#bytes.subarray(at + 4) : this.#bytes,
    );
    const internal = texts.find((each) => each.includes('"code":"internal"'));
    if (internal) return `answered ${internal}`;
    return close === FAILED ? `closed ${close}` : undefined;
  }
}

/**
 * Races contenders: in every round each has a turn, in rotated order, so that other load on the machine affects all alike.
 * Ratios are formed within a round; read those, absolute times are colour. Differences below 15 % mean nothing.
 */

const ROUNDS = 9;
/** How long one turn takes (ms), if a single step is not longer. */
const TURN = 30;

/**
 * A contender: `step(i)` is timed; `undo(i)`, when there, follows untimed; `check()` takes a step of its own, throws unless
 * the result is right, and may return an observation, such as the bytes to send.
 *
 * @typedef {{ step(i: number): unknown, undo?(i: number): void, check?(): { bytes?: number } | void }} Contender
 * @param {Record<string, () => Contender>} makers
 */
export function race(makers, { rounds = ROUNDS } = {}) {
  const runners = Object.entries(makers).map(([name, make]) => new Runner(name, make()));
  for (const runner of runners) runner.prepare();
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < runners.length; turn++) runners[(turn + round) % runners.length].run();
  }
  return new Result(new Map(runners.map((runner) => [runner.name, runner])));
}

class Runner {
  times = [];
  #steps = 0;
  #count = 1;

  constructor(name, contender) {
    this.name = name;
    this.contender = contender;
  }

  prepare() {
    this.checked = this.contender.check?.();
    this.#take(1);
    for (let spent = 0, warm = 0; warm < 4 || (spent < 100 && warm < 50); warm++) {
      const each = this.#take(this.#count);
      spent += each * this.#count;
      this.#count = Math.max(1, Math.min(20_000, Math.round(TURN / each)));
      if (spent > 2_000) break;
    }
  }

  run() {
    globalThis.gc?.(); // the waste of one is not collected in another's turn
    if (this.#count > 10) this.#take(this.#count >> 1); // brings back code that V8 forgot at the collection
    this.times.push(this.#take(this.#count));
  }

  /** Milliseconds of one step, the mean of `count`. */
  #take(count) {
    const { contender } = this;
    let spent = 0;
    if (contender.undo) {
      for (let end = this.#steps + count; this.#steps < end; this.#steps++) {
        const start = performance.now();
        contender.step(this.#steps);
        spent += performance.now() - start;
        contender.undo(this.#steps);
      }
    } else {
      const start = performance.now();
      for (let end = this.#steps + count; this.#steps < end; this.#steps++) contender.step(this.#steps);
      spent = performance.now() - start;
    }
    return spent / count;
  }
}

class Result {
  #runners;

  constructor(runners) {
    this.#runners = runners;
  }

  /** Median time of a step in ms. */
  time(name) {
    return median(this.#runners.get(name).times);
  }

  /** The result of the contender's `check`. */
  checked(name) {
    return this.#runners.get(name).checked;
  }

  /** Median of the rounds' own ratios: how many times as long `name` takes as `reference`. */
  ratio(name, reference) {
    const own = this.#runners.get(name).times;
    return median(this.#runners.get(reference).times.map((time, round) => own[round] / time));
  }
}

export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** A row of the table: the measured value, its bound, and whether it met the bound. */
export const atMost = (what, value, limit, show, beside = '') => ({
  what,
  reach: `<= ${show(limit)}`,
  measured: show(value),
  met: value <= limit,
  beside,
});

export const atLeast = (what, value, limit, show, beside = '') => ({
  what,
  reach: `>= ${show(limit)}`,
  measured: show(value),
  met: value >= limit,
  beside,
});

/** A row that has nothing to reach. */
export const aside = (what, measured, beside = '') => ({ what, reach: '', measured, beside });

export const times = (ratio) => `x${ratio >= 100 ? ratio.toFixed(0) : ratio.toPrecision(ratio < 1 ? 2 : 3)}`;

export const count = (number) => number.toLocaleString('en');

export const size = (bytes) =>
  bytes < 10_000
    ? `${bytes} B`
    : bytes < 1e6
      ? `${Math.round(bytes / 1e3)} kB`
      : `${(bytes / 1e6).toFixed(1)} MB`;

export const ms = (time) =>
  time < 1
    ? `${(time * 1000).toPrecision(3)} us`
    : `${time >= 100 ? time.toFixed(0) : time.toPrecision(3)} ms`;

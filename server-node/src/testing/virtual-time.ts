import { setImmediate as turn } from 'node:timers';

/** A process with its clock: that of a client, or of the server. */
export interface Zone {
  readonly name: string;
  /** In virtual ms: until then none of its timers runs; due timers wait, and run late. */
  frozenUntil: number;
  /** By how much its wall clock is wrong, in ms. */
  skew: number;
}

/** Something that is due. */
interface Task {
  at: number;
  readonly order: number;
  readonly zone: Zone;
  readonly run: () => void;
  cancelled: boolean;
  every?: number;
}

/** The start of virtual time for `Date`, in ms since 1970. */
const EPOCH = Date.UTC(2026, 0, 1);
/** Between two paints, in ms. */
const FRAME_MS = 16;
/** A timer of more than this many ms fires immediately, as real ones do. */
const LONGEST = 2 ** 31 - 1;

export function createZone(name: string): Zone {
  return { name, frozenUntil: 0, skew: 0 };
}

/**
 * Time that passes only on request. While installed it stands in for `setTimeout`, `setInterval`, `Date.now`, `performance.now` and, if it
 * exists, `requestAnimationFrame`; promises, `nextTick` and `setImmediate` stay the real ones, and all that they lead to happens between
 * two moments. So a run depends on nothing but the order of its tasks.
 */
export class VirtualTime {
  /** Ms since the beginning. */
  now = 0;
  /** The owner of the running code, and of all timers that it starts. */
  zone: Zone = createZone('test');
  #tasks: Task[] = [];
  #count = 0;

  /** How many timers and other tasks are due. */
  get pending(): number {
    return this.#tasks.filter(({ cancelled }) => !cancelled).length;
  }

  /** Runs something in `ms`, as part of a zone. Returns what cancels it. */
  schedule(ms: number, run: () => void, zone: Zone = this.zone): () => void {
    const task = this.#add(ms, run, zone);
    return () => void (task.cancelled = true);
  }

  /** Runs something now, as part of a zone. */
  within<R>(zone: Zone, run: () => R): R {
    const before = this.zone;
    this.zone = zone;
    try {
      return run();
    } finally {
      this.zone = before;
    }
  }

  /** Runs nothing of a zone for so many ms. */
  freeze(zone: Zone, ms: number): void {
    zone.frozenUntil = Math.max(zone.frozenUntil, this.now + ms);
  }

  /** Lets everything happen that needs no time. */
  async settle(): Promise<void> {
    await new Promise((resolve) => turn(resolve));
  }

  /** Lets `ms` pass; after each moment at which something happened, `onStep` is called. */
  async advance(ms: number, onStep?: () => void): Promise<void> {
    const end = this.now + ms;
    const outside = this.zone;
    await this.settle();
    for (let task; (task = this.#pop(end));) {
      this.now = Math.max(this.now, task.at);
      const { zone } = task;
      if (zone.frozenUntil > this.now) {
        task.at = zone.frozenUntil;
        this.#push(task);
        continue;
      }
      if (task.every !== undefined) {
        task.at = this.now + task.every;
        this.#push(task);
      }
      this.zone = zone;
      task.run();
      await this.settle();
      onStep?.();
    }
    this.now = end;
    this.zone = outside;
  }

  /** Replaces real time by virtual time, and `Math.random` by `random`. Returns the function that restores both. */
  install(random: () => number = Math.random): () => void {
    const clear = (timer: unknown): void => {
      if (timer instanceof Timer) timer.close();
      else genuine.clearTimeout(timer as undefined); // it was there before us
    };
    const set = (run: (...args: unknown[]) => void, ms = 0, ...args: unknown[]): Timer => {
      const wait = ms >= 1 && ms <= LONGEST ? ms : 1;
      const { zone } = this;
      const begin = (): Task => this.#add(wait, () => run(...args), zone);
      return new Timer(begin(), begin);
    };
    const repeat = (run: () => void, ms = 0): Timer => {
      const timer = set(run, ms);
      timer.task.every = Math.max(1, ms);
      return timer;
    };
    const genuine = replace(globalThis, {
      setTimeout: set,
      clearTimeout: clear,
      setInterval: repeat,
      clearInterval: clear,
      ...('requestAnimationFrame' in globalThis && {
        requestAnimationFrame: (run: (time: number) => void) => set(() => run(this.now), FRAME_MS),
        cancelAnimationFrame: clear,
      }),
    });
    const { restore: date } = replace(Date, { now: () => EPOCH + this.now + this.zone.skew });
    const { restore: math } = replace(Math, { random });
    const { restore: clock } = replace(performance, { now: () => this.now });
    return () => [genuine.restore, date, math, clock].forEach((restore) => restore());
  }

  #add(ms: number, run: () => void, zone: Zone): Task {
    const task: Task = { at: this.now + ms, order: this.#count++, run, zone, cancelled: false };
    this.#push(task);
    return task;
  }

  /** A binary heap: by time, then in the order of their making. */
  #push(task: Task): void {
    const heap = this.#tasks;
    let at = heap.push(task) - 1;
    for (let above; at > 0 && isBefore(task, heap[(above = (at - 1) >> 1)]!); at = above)
      heap[at] = heap[above]!;
    heap[at] = task;
  }

  #pop(until: number): Task | undefined {
    const heap = this.#tasks;
    for (let top; (top = heap[0]) && (top.cancelled || top.at <= until);) {
      const last = heap.pop()!;
      if (last !== top) this.#sink(last);
      if (!top.cancelled) return top;
    }
    return undefined;
  }

  #sink(task: Task): void {
    const heap = this.#tasks;
    let at = 0;
    for (let below; (below = 2 * at + 1) < heap.length; at = below) {
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below++;
      if (!isBefore(heap[below]!, task)) break;
      heap[at] = heap[below]!;
    }
    heap[at] = task;
  }
}

function isBefore(one: Task, other: Task): boolean {
  return one.at - other.at < 0 || (one.at === other.at && one.order < other.order);
}

/** The result of `setTimeout`, with the members of Node's that are in use. */
class Timer {
  task: Task;
  readonly #begin: () => Task;

  constructor(task: Task, begin: () => Task) {
    this.task = task;
    this.#begin = begin;
  }

  /** Starts the wait again; undici does so with timers that have fired. */
  refresh(): this {
    const { every } = this.task;
    this.task.cancelled = true;
    this.task = this.#begin();
    if (every !== undefined) this.task.every = every;
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return !this.task.cancelled;
  }

  close(): void {
    this.task.cancelled = true;
  }
}

/** Replaces members; returns the former members, and a function that restores them. */
function replace<T extends object>(target: T, members: object): T & { readonly restore: () => void } {
  const names = Object.keys(members);
  const before = names.map((name) => [name, Object.getOwnPropertyDescriptor(target, name)] as const);
  const genuine = Object.fromEntries(names.map((name) => [name, target[name as keyof T]])) as T;
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(target, name, { value: value as unknown, configurable: true, writable: true });
  }
  const restore = (): void => {
    for (const [name, descriptor] of before) {
      if (descriptor) Object.defineProperty(target, name, descriptor);
      else Reflect.deleteProperty(target, name);
    }
  };
  return { ...genuine, restore };
}

import { VeloxError, type Budget, type Position } from '@velox/core/protocol';
import { History, type HistoryLimits } from './history.js';
import { advise, warn } from '../diagnostics/observer.js';
import { noteChange } from './cause.js';
import { Delivery } from './delivery.js';
import { randomEpoch } from './random-epoch.js';
import type { Versioned } from './versioned.js';
import { changeInPlace } from './watched-object.js';
import { createRecorder, type Recorder, type RecorderOptions } from '../recording/recorder.js';

/** Everything inside is read-only, by type alone. */
export type DeepReadonly<T> = T extends (...args: never[]) => unknown
  ? T
  : T extends object
    ? { readonly [K in keyof T]: DeepReadonly<T[K]> }
    : T;

/** How a state keeps its value and its past, and how often it delivers. */
export interface StateOptions extends Pick<RecorderOptions, 'depth' | 'key' | 'keep$'> {
  /** Least time between two deliveries in ms, first at once, last never lost; default 0: each tick delivers. */
  readonly throttle?: number;
  /**
   * `owned`: the state keeps a copy, changed by `update`, `set` or `live`. `watched`: the application changes its object, then calls
   * `push`. Default: the first change decides.
   */
  readonly ownership?: 'owned' | 'watched';
  /** Default 1,000 revisions or 1 MiB of patch text, whichever is less. */
  readonly history?: Partial<HistoryLimits>;
}

const reportObject = (error: unknown): void => warn('an object of a live value cannot be sent', error);

const reportOmission = (path: string): void =>
  advise(
    `the member at ${path} begins with "$" and is not sent. Rename it, or set the option keep$ of the state.`,
  );

const DEFAULT_HISTORY: HistoryLimits = { revisions: 1000, size: 1 << 20 };

/** A value with its position, from which a client starts (`initial`). */
export interface Snapshot<T> extends Position {
  readonly body: T;
}

/**
 * A topic whose value lives in this process. It is changed in one way: by `update` or `set` (the state **owns** its value, a
 * copy of what it was made of), or by `push` (it **watches** an object of the application). The option `ownership` decides, else the
 * first change.
 */
export class State<T> implements Versioned {
  readonly #recorder: Recorder<T>;
  /** Whether anyone who may see the value may have all its steps. */
  readonly resume: 'anyone' | undefined;
  readonly #history: History;
  readonly #delivery: Delivery;
  /** The application's object, while it may still be watched. */
  #source: T | undefined;
  #mode: 'undecided' | 'owned' | 'watched' = 'undecided';
  /** The immutable value that the last `set` was given. */
  #given: unknown;
  #id: string | undefined;
  #version = 1;
  #text: string | undefined;
  #delivered = 1;

  /** @throws VeloxError `not-json`, `too-deep` when `value` cannot be held as JSON. */
  constructor(value: T, options: StateOptions = {}) {
    const { throttle = 0, history, depth, key, keep$, ownership } = options;
    this.#recorder = createRecorder(value, {
      depth,
      key,
      keep$,
      onOmit: reportOmission,
      onChange: () => {
        noteChange(this, this.#version + 1);
        this.#delivery.schedule();
      },
      onError: reportObject,
    });
    this.resume = history?.resume;
    this.#history = new History(1, history ? { ...DEFAULT_HISTORY, ...history } : DEFAULT_HISTORY);
    this.#delivery = new Delivery(throttle, () => this.#advance());
    this.#source = value;
    if (ownership === 'owned') this.#own();
    if (ownership === 'watched') this.watch();
  }

  /** The random name of this life of the topic. Drawn at the first call: some runtimes have no random numbers while a module is loaded. */
  get id(): string {
    return (this.#id ??= randomEpoch());
  }

  /** The value as it is now: live, so look and do not keep; `snapshot` gives a copy. */
  get(): DeepReadonly<T> {
    return this.#recorder.value as DeepReadonly<T>;
  }

  /**
   * Changes the value by a recipe that mutates a draft of it, or returns a new value. All changes of one tick leave as one
   * revision. On a watched state the recipe runs on the application's object, which is then pushed; a returned value becomes the object's
   * members. An object with `toJSON` is not undone there.
   *
   * @example state.update((draft) => { draft.rows[7].price = 12 })
   * @throws the error that the recipe throws; VeloxError
   * `not-json`, `too-deep`, `async-recipe`. The value is then as it was.
   */
  update(recipe: (draft: T) => T | void): void {
    if (this.#mode === 'watched') {
      const source = this.#source as T;
      this.#recorder.update(() => {
        const undo = changeInPlace(source, recipe);
        try {
          this.#recorder.reconcile(source);
        } catch (error) {
          undo();
          throw error;
        }
      });
    } else {
      this.#own();
      this.#recorder.update(recipe);
    }
    this.#note();
  }

  /**
   * Makes the value equal `next`, an immutable value: a part that is `===` to a part of the former value is taken
   * as unchanged.
   *
   * @throws VeloxError `state-watched`, `not-json`, `too-deep`.
   */
  set(next: T): void {
    if (this.#mode === 'watched') {
      throw new VeloxError('state-watched', 'set() on a watched state. Change its object and call push().');
    }
    this.#own();
    this.#recorder.reconcile(next, { previous: this.#given });
    this.#given = next;
    this.#note();
  }

  /**
   * Makes the value equal `next`, which the application may change and give again.
   *
   * @param previous an immutable value that the state equals. A part of `next` that is `===` to a part of it is taken as unchanged.
   * @throws VeloxError `state-watched`, `not-json`, `too-deep`.
   */
  replace(next: T, previous?: T): void {
    this.#given = previous;
    try {
      this.set(next);
    } finally {
      this.#given = undefined;
    }
  }

  /**
   * Publishes the application's changes in the object that the state was made of.
   *
   * @throws VeloxError `state-owned` when `update` or `set` came first; `not-json`, `too-deep`. The value is then as it was.
   */
  push(): void {
    this.watch();
    this.#recorder.reconcile(this.#source);
    this.#note();
  }

  /**
   * The value as a draft that lasts: every write anywhere inside is recorded, and leaves with its tick.
   *
   * @throws VeloxError `state-watched`; its writes throw `not-json`, `too-deep`.
   */
  live(): T {
    if (this.#mode === 'watched') {
      throw new VeloxError('state-watched', 'live() on a watched state. Change its object and call push().');
    }
    this.#own();
    return this.#recorder.live();
  }

  /** Whether the value is the state's own, by `update`, `set` or `live`. */
  get isOwned(): boolean {
    return this.#mode === 'owned';
  }

  /** Decides that this state watches its object. */
  watch(): void {
    if (this.#mode === 'owned') {
      throw new VeloxError(
        'state-owned',
        'push() on a state that is live, or was changed by update() or set(). It owns its value; go on that way.',
      );
    }
    this.#mode = 'watched';
  }

  /** The value and its position, a copy; on the client it is `initial`. */
  snapshot(): Snapshot<T> {
    return { ...this.position(), body: JSON.parse(this.text()) as T };
  }

  /** How far the state is, with everything that changed until now. */
  position(): Position {
    this.#flush();
    return { id: this.id, version: this.#version };
  }

  /** The value as JSON text, made once a version. */
  text(): string {
    this.#flush();
    return (this.#text ??= JSON.stringify(this.#recorder.value));
  }

  /** The hash of the value at its position; undefined if the budget was too small, see {@link StateHash}. */
  hash(budget?: Budget): string | undefined {
    this.#flush();
    return this.#recorder.hash(budget);
  }

  /** About how many characters `text` has, without making it. */
  get size(): number {
    return this.#text?.length ?? this.#recorder.size;
  }

  /** Whether deliveries may wait for more than the tick. */
  get isThrottled(): boolean {
    return this.#delivery.isThrottled;
  }

  /** What leads from `version` to now, as JSON text of an array of operations (RFC 6902), as far as history reaches back. */
  since(version: number): string | undefined {
    this.#flush();
    return this.#history.since(version);
  }

  /** Always undefined: the value is here, so it is current. */
  get stale(): undefined {
    return undefined;
  }

  onRevision(listener: () => void, onChange?: () => void): () => void {
    return this.#delivery.listen(listener, onChange);
  }

  #own(): void {
    this.#mode = 'owned';
    this.#source = undefined;
  }

  /** Notes that the code that runs may have changed the value. */
  #note(): void {
    if (this.#recorder.dirty) noteChange(this, this.#version + 1);
  }

  /** Turns the recorded changes into a revision. Code that needs a position or the text flushes first. */
  #flush(): void {
    if (!this.#recorder.dirty) return;
    const patch = this.#recorder.take();
    if (patch === undefined) return;
    this.#version++;
    this.#text = undefined;
    // The exact size costs a snapshot's text: only a patch that is long enough may ask for it.
    if (patch.length > this.#recorder.size / 2 && isAsLong(patch, this.text())) this.#history.skip();
    else this.#history.add(patch);
  }

  /** Whether there is a revision since the last delivery. */
  #advance(): boolean {
    this.#flush();
    const isNew = this.#delivered !== this.#version;
    this.#delivered = this.#version;
    return isNew;
  }
}

/** In bytes of UTF-8, as they are sent. */
function isAsLong(text: string, other: string): boolean {
  return Buffer.byteLength(text) >= Buffer.byteLength(other);
}

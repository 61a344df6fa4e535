import { VeloxError, type Budget, type Position } from '@velox/core/protocol';
import { History, type HistoryLimits } from './history.js';
import { advise, warn } from '../diagnostics/observer.js';
import { noteChange } from './cause.js';
import { checkRecipe } from './check-recipe.js';
import { Delivery, type Deliverable } from './delivery.js';
import { randomEpoch } from './random-epoch.js';
import type { DeepReadonly, Snapshot, State, StateOptions } from './state.js';
import type { RevisionListener, Versioned } from './versioned.js';
import { changeInPlace } from './watched-object.js';
import { createRecorder, type Recorder } from '../recording/recorder.js';
import { frozenParts } from '../recording/diff/frozen-parts.js';
import type { ChangeListener } from '../recording/tree/change-listener.js';

const reportObject = (error: unknown): void => warn('an object of a live value cannot be sent', error);

const reportOmission = (path: string): void =>
  advise(
    `the member at ${path} begins with "$" and is not sent. Rename it, or set the option keep$ of the state.`,
  );

/** Bytes of a character of JavaScript in UTF-8, at most. */
const BYTES_PER_CHARACTER = 3;

/** Characters of text. */
const SMALL = 16 * 1024;

const DEFAULT_HISTORY: HistoryLimits = { revisions: 1000, size: 1 << 20 };

/** A state as the hub knows it. Applications get its public part, {@link State}. */
export class LocalState<T> implements State<T>, Versioned, ChangeListener, Deliverable {
  readonly #recorder: Recorder<T>;
  readonly #limits: HistoryLimits;
  /** Created with the first revision: if there are many states, most never change. */
  #history: History | undefined;
  readonly #delivery: Delivery;
  /** The value that causes learn to have changed. */
  readonly #subject: Versioned | undefined;
  /** The application's object, while it may still be watched. */
  #source: T | undefined;
  #mode: 'undecided' | 'owned' | 'watched' = 'undecided';
  /** The immutable part of the value that the last `set` was given. */
  #given: unknown;
  #id: string | undefined;
  #version = 1;
  #text: string | undefined;
  #delivered = 1;

  /**
   * @param subject the value that causes learn to have changed; default: this one. `none`: they follow the changes of another one
   * @throws VeloxError `not-json`, `too-deep` when `value` cannot be held as JSON.
   */
  constructor(value: T, options: StateOptions = {}, subject?: Versioned | 'none') {
    const { throttle = 0, history, depth, key, keep$, ownership } = options;
    const recording = {
      depth,
      key,
      keep$,
      onOmit: reportOmission,
      onError: reportObject,
    };
    this.#recorder = createRecorder(value, recording, this);
    this.#limits = history ? { ...DEFAULT_HISTORY, ...history } : DEFAULT_HISTORY;
    this.#delivery = new Delivery(throttle, this);
    this.#source = value;
    this.#subject = subject === 'none' ? undefined : (subject ?? this);
    if (ownership === 'owned') this.#own();
    if (ownership === 'watched') this.watch();
    this.#noteChange(this.#version);
  }

  /** The random id of this epoch, drawn at the first call: some runtimes have no random numbers while a module is loaded. */
  get id(): string {
    return (this.#id ??= randomEpoch());
  }

  get(): DeepReadonly<T> {
    return this.#recorder.value as DeepReadonly<T>;
  }

  update(recipe: (draft: T) => T | void): void {
    checkRecipe(recipe);
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

  set(next: T): void {
    if (this.#mode === 'watched') {
      throw new VeloxError('state-watched', 'set() on a watched state. Change its object and call push().');
    }
    this.#own();
    this.#recorder.reconcile(next, { previous: this.#given });
    this.#given = frozenParts(next);
    this.#note();
  }

  /**
   * Makes the value equal `next`, which the application may change and give again.
   *
   * @param previous an immutable value that the state equals, frozen or not. A part of `next` that is `===` to a part of it is taken as unchanged.
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

  push(): void {
    this.watch();
    this.#recorder.reconcile(this.#source);
    this.#note();
  }

  live(): T {
    if (this.#mode === 'watched') {
      throw new VeloxError('state-watched', 'live() on a watched state. Change its object and call push().');
    }
    this.#own();
    return this.#recorder.live();
  }

  /** Whether the state owns its value, by `update`, `set` or `live`. */
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

  snapshot(): Snapshot<T> {
    return { ...this.position(), body: JSON.parse(this.text()) as T };
  }

  position(): Position {
    this.#flush();
    return { id: this.id, version: this.#version };
  }

  /** Returns the value as JSON text, which is created once a version. */
  text(): string {
    this.#flush();
    return (this.#text ??= JSON.stringify(this.#recorder.value));
  }

  /** Returns the hash of the value at its position; undefined if the budget was too small, see {@link StateHash}. */
  hash(budget?: Budget): string | undefined {
    this.#flush();
    return this.#recorder.hash(budget);
  }

  /** The approximate length of `text`, without creating it. */
  get size(): number {
    return this.#text?.length ?? this.#recorder.size;
  }

  get resume(): 'anyone' | undefined {
    return this.#limits.resume;
  }

  get isThrottled(): boolean {
    return this.#delivery.isThrottled;
  }

  since(version: number): string | undefined {
    this.#flush();
    return this.#history?.since(version);
  }

  /** Always undefined: the value is here, so it is current. */
  get stale(): undefined {
    return undefined;
  }

  listen(listener: RevisionListener): void {
    this.#delivery.listen(listener);
  }

  unlisten(listener: RevisionListener): void {
    this.#delivery.unlisten(listener);
  }

  /** Releases the parts that can be created again, if the value is small: those of a large one cost more time than memory. */
  rest(): void {
    if (this.#recorder.dirty || this.size > SMALL) return;
    this.#history?.compact(Buffer.byteLength(this.text()));
    this.#text = undefined;
    this.#recorder.rest();
  }

  /** The recorder has recorded a write. */
  onChange(): void {
    this.#noteChange();
    this.#delivery.schedule();
  }

  #own(): void {
    this.#mode = 'owned';
    this.#source = undefined;
  }

  /** Notes that the running code may have changed the value. */
  #note(): void {
    if (this.#recorder.dirty) this.#noteChange();
  }

  #noteChange(version = this.#version + 1): void {
    if (this.#subject) noteChange(this.#subject, version);
  }

  /** Turns the recorded changes into a revision. Code that needs a position or the text flushes first. */
  #flush(): void {
    if (!this.#recorder.dirty) return;
    const patch = this.#recorder.take();
    if (patch === undefined) return;
    const history = (this.#history ??= new History(this.#version, this.#limits));
    this.#version++;
    this.#text = undefined;
    // The exact size costs a snapshot's text: only a patch that is long enough may ask for it.
    if (patch.length > this.#recorder.size / 2 && isAsLong(patch, this.text())) history.skip();
    else history.add(patch, BYTES_PER_CHARACTER * this.#recorder.size);
  }

  /** Returns whether there is a revision since the last delivery. */
  advance(): boolean {
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

import { VeloxError, type Budget, type Position } from '@velox/core/protocol';
import { synchronous } from '../diagnostics/maybe-promise.js';
import { LocalState } from '../state/local-state.js';
import type { StateOptions } from '../state/state.js';
import type { RevisionListener, Versioned } from '../state/versioned.js';
import { DerivedSteps } from './derived-steps.js';
import { Lists, withLists } from './each.js';
import type { Shadow } from './shadow.js';

/** Why an audience's value may be outdated. */
export const VIEW_FAILED = 'view-failed';

/** The parts of a viewed topic that its audiences share. */
export interface DerivedHost {
  readonly source: Versioned;
  readonly shadow: Shadow;
  readonly stateOptions: StateOptions;
  /** Computes the value of an audience. */
  readonly view: (value: unknown, audience: unknown) => unknown;
  /** Whether each run is repeated, to find views that are not pure. */
  readonly isChecked: boolean;
  /** The view failed for an audience. */
  readonly onFailure: (error: unknown, audience: unknown) => void;
  /** A second run of the view gave another result. */
  readonly onImpure: () => void;
}

/** A cache of the last run, which the garbage collector may take: an audience keeps its value once. */
interface Memory {
  readonly lists: Lists;
  /** The result of the view, the same value as the state's. */
  result: unknown;
}

/** The value of one audience: the view's result, with versions of its own, brought up to date when it is read. */
export class DerivedState implements Versioned {
  readonly audience: unknown;
  readonly origin: DerivedSteps;
  readonly #host: DerivedHost;
  #state: LocalState<unknown> | undefined;
  #memory: WeakRef<Memory> | undefined;
  /** The shadow's count at the last run. */
  #seen = -1;
  #error: unknown;
  #hasFailed = false;

  constructor(audience: unknown, host: DerivedHost) {
    this.audience = audience;
    this.#host = host;
    this.origin = new DerivedSteps(host.source);
  }

  /** Whether the view's last run has succeeded. Runs it if the source has changed. */
  get isCurrent(): boolean {
    this.#follow();
    return !this.#hasFailed;
  }

  /** The id of the value, if there was one. */
  get id(): string | undefined {
    return this.#state?.id;
  }

  /** The error of the last run, if it failed. */
  get error(): unknown {
    return this.#error;
  }

  get stale(): string | undefined {
    this.#follow();
    return this.#hasFailed ? VIEW_FAILED : this.#host.source.stale;
  }

  get isThrottled(): boolean {
    return this.#host.source.isThrottled;
  }

  get isPersonal(): boolean {
    return true;
  }

  get isComputed(): boolean {
    return true;
  }

  get resume(): 'anyone' | undefined {
    return this.#host.source.resume;
  }

  get size(): number {
    return this.#followed().size;
  }

  position(): Position {
    return this.#followed().position();
  }

  text(): string {
    return this.#followed().text();
  }

  since(version: number): string | undefined {
    return this.#followed().since(version);
  }

  hash(budget?: Budget): string | undefined {
    return this.#followed().hash(budget);
  }

  /** Also fires for changes that the audience does not see; its position is then the same as before. */
  listen(listener: RevisionListener): void {
    this.#host.source.listen(listener);
  }

  unlisten(listener: RevisionListener): void {
    this.#host.source.unlisten(listener);
  }

  rest(): void {
    this.#state?.rest();
  }

  #followed(): LocalState<unknown> {
    this.#follow();
    if (!this.#state) throw new Error('velox: a view that has no value was read.');
    return this.#state;
  }

  #follow(): void {
    const { shadow } = this.#host;
    const { count } = shadow;
    if (count === this.#seen) return;
    this.#seen = count;
    try {
      this.#run(shadow.value);
      this.#hasFailed = false;
      this.#error = undefined;
    } catch (error) {
      this.#error = error;
      if (!this.#hasFailed) this.#host.onFailure(error, this.audience);
      this.#hasFailed = true;
    }
  }

  /** All or nothing: if this throws, the state is as it was. */
  #run(value: unknown): void {
    const memory = this.#memory?.deref() ?? { lists: new Lists(), result: undefined };
    const result = this.#project(value, memory.lists);
    const { isChecked, onImpure } = this.#host;
    if (isChecked) {
      const second = this.#project(value, new Lists());
      if (JSON.stringify(second) !== JSON.stringify(result)) {
        onImpure();
        this.#memory = undefined;
        return this.#set(second, undefined); // it used no remembered row
      }
    }
    this.#set(result, memory.result);
    memory.result = result;
    this.#memory = new WeakRef(memory);
  }

  #project(value: unknown, lists: Lists): unknown {
    const result = synchronous(
      withLists(lists, () => this.#host.view(value, this.audience)),
      'a view',
    );
    if (result !== undefined) return result;
    throw new VeloxError('not-json', 'a view returned undefined. Return a value, or null.');
  }

  #set(result: unknown, previous: unknown): void {
    if (this.#state) this.#state.replace(result, previous);
    else this.#state = new LocalState(result, this.#host.stateOptions, 'none');
    this.origin.advance(this.#state.position().version, this.#host.shadow.version);
  }
}

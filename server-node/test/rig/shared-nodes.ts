import { apply, type Operation, type Position } from '@velox/core/protocol';
import { Observer, type LogEntry } from '../../src/diagnostics/observer.js';
import { Engine } from '../../src/state/shared/engine.js';
import { SharedTopic, type SharedStateOptions } from '../../src/state/shared/shared-state.js';
import { Sweep } from '../../src/state/shared/sweep.js';
import { canonical } from './documents.js';
import type { ModelClient, ModelEngine } from './model-log.js';

/** The value of the shared state in the model: each update adds its mark. */
export interface Marks {
  marks: string[];
  count: number;
}

export const TOPIC = 'marks';

/** One node with a shared state, as its clients see it. */
export class SharedNode {
  readonly client: ModelClient;
  readonly shared: SharedTopic<Marks>;
  readonly entries: LogEntry[] = [];
  readonly #sweep: Sweep;
  readonly #engine: Engine;

  constructor(engine: ModelEngine, options: SharedStateOptions = {}, isDurable = false) {
    this.client = engine.connect();
    this.#engine = new Engine(this.client, isDurable, new Observer((entry) => this.entries.push(entry)));
    this.#sweep = new Sweep(this.#engine);
    this.shared = new SharedTopic<Marks>(
      TOPIC,
      { marks: [], count: 0 },
      options,
      this.#engine,
      this.#sweep,
      () => undefined,
    );
  }

  /** Adds a mark. */
  mark(mark: string, timeout = 10_000): Promise<Position> {
    const recipe = (draft: Marks): void => {
      draft.marks.push(mark);
      draft.count++;
    };
    return this.shared.update(recipe, { timeout });
  }

  /** Whether this node has reported lost revisions, or that there may be some. */
  get hasReportedLoss(): boolean {
    return this.entries.some(
      ({ event, lost, isCertain }) =>
        event === 'topic renewed' && (!isCertain || (lost as { revisions: number }).revisions > 0),
    );
  }

  kill(): void {
    this.shared.close();
    this.#sweep.close();
    this.#engine.close();
  }
}

/** A client that resumes on any node by its position alone. */
export class HoppingClient {
  #position: Position | undefined;
  #value: unknown;
  /** How often it received the steps since its version, and the whole value. */
  readonly received = { deltas: 0, snapshots: 0 };

  get value(): unknown {
    return this.#value;
  }

  get position(): Position | undefined {
    return this.#position;
  }

  /** Takes the frames that a node has for it. Throws if it ends with another value than the node's. */
  visit({ shared: { value } }: SharedNode): void {
    if (!value.isLoaded) return;
    const { id, version } = value.position();
    const known = this.#position;
    if (known?.id === id && known.version === version) return this.#check(value.text());
    // A client that is ahead receives a snapshot under an id of its own, see StateFrames.
    const patch = known?.id === id && known.version < version ? value.since(known.version) : undefined;
    if (patch === undefined) {
      this.received.snapshots++;
      this.#value = JSON.parse(value.text());
    } else {
      this.received.deltas++;
      this.#value = apply(this.#value, JSON.parse(patch) as Operation[]);
    }
    this.#position = { id, version };
    this.#check(value.text());
  }

  #check(text: string): void {
    const { id, version } = this.#position as Position;
    if (canonical(this.#value) === canonical(JSON.parse(text))) return;
    throw new Error(`a client at version ${version} of ${id} differs from its node`);
  }
}

import { VeloxError } from '@velox/core/protocol';
import type { LogPart } from '../cluster/bus.js';
import type { Observer } from '../diagnostics/observer.js';
import { Engine } from '../state/shared/engine.js';
import { SharedTopic, type SharedStateOptions } from '../state/shared/shared-state.js';
import { Sweep } from '../state/shared/sweep.js';
import { newProofRecord, PROOFS_TOPIC, SharedProofs } from './shared-proofs.js';
import { SharedSource } from './shared-source.js';
import type { Topics } from './topics.js';

/** The shared states of a hub. */
export class SharedStates {
  readonly #topics: Topics;
  readonly #engine: Engine | undefined;
  readonly #sweep: Sweep | undefined;
  readonly #byTopic = new Map<string, SharedTopic<unknown>>();

  /** @param part has the logs; without it, there are no shared states */
  constructor(topics: Topics, part: LogPart | undefined, observer: Observer) {
    this.#topics = topics;
    if (!part) return;
    this.#engine = new Engine(part.log, part.durable, observer);
    this.#sweep = new Sweep(this.#engine);
  }

  /**
   * Loads or creates a topic of the log, follows it, and publishes it.
   *
   * @throws VeloxError `bad-option` without a backplane, and for a topic that is shared already; `not-json`, `too-deep`, `too-long`.
   */
  create(topic: string, initial: unknown, options: SharedStateOptions = {}): SharedTopic<unknown> {
    if (!this.#engine || !this.#sweep) {
      throw new VeloxError(
        'bad-option',
        'hub.shared() needs a backplane. Pass one to createHub(), for instance memory().',
      );
    }
    if (this.#byTopic.has(topic)) {
      throw new VeloxError(
        'bad-option',
        `the topic ${JSON.stringify(topic)} is shared already. Keep the object of the first call.`,
      );
    }
    const onLoaded = (): void => this.#topics.reopen(topic);
    const shared = new SharedTopic(topic, initial, options, this.#engine, this.#sweep, onLoaded);
    this.#byTopic.set(topic, shared);
    this.#shareProofs(this.#engine, this.#sweep);
    try {
      this.#topics.provide(topic, new SharedSource(shared));
    } catch (error) {
      this.remove(topic);
      throw error;
    }
    return shared;
  }

  /** Stops following a topic. The log keeps it. */
  remove(topic: string): void {
    this.#byTopic.get(topic)?.close();
    this.#byTopic.delete(topic);
  }

  /** Lets clients with rights resume on any node. */
  #shareProofs(engine: Engine, sweep: Sweep): void {
    const { proofs } = this.#topics;
    if (!proofs || proofs.shared) return;
    const record = new SharedTopic(PROOFS_TOPIC, newProofRecord(), {}, engine, sweep, () => undefined);
    proofs.shared = new SharedProofs(record, (topic) => this.#byTopic.has(topic));
  }

  close(): void {
    this.#topics.proofs?.shared?.close();
    for (const topic of [...this.#byTopic.keys()]) this.remove(topic);
    this.#sweep?.close();
    this.#engine?.close();
  }
}

import type { Hub } from './hub/hub.js';
import type { LocalState } from './state/local-state.js';

/** The states that a hub has published by their topics. It warns once if a topic is published twice. */
export class Publications {
  readonly #hub: Hub;
  readonly #states = new Map<string, LocalState<unknown>>();

  constructor(hub: Hub) {
    this.#hub = hub;
  }

  /** Publishes a state, in place of a former one or of a view. */
  publish(topic: string, state: LocalState<unknown>): void {
    this.#hub.topics.publish(topic, state);
    this.#hub.views.remove(topic);
    this.note(topic, state);
  }

  /** Notes the state of a topic that was published otherwise. */
  note(topic: string, state: LocalState<unknown>): void {
    const former = this.#states.get(topic);
    this.#states.set(topic, state);
    if (!former || former === state) return;
    const name = JSON.stringify(topic);
    const advice = `the topic ${name} was published twice, and the first state is no longer served. Change the first one by update() or set(), or call hub.remove(${name}) before.`;
    this.#hub.observer.once('replaced topic', topic, advice, { topic });
  }

  delete(topic: string): void {
    this.#states.delete(topic);
  }
}

import type { Observer } from '../diagnostics/observer.js';
import type { StateOptions } from '../state/state.js';
import type { Versioned } from '../state/versioned.js';
import type { Topics } from '../topics/topics.js';
import type { DerivedHost } from './derived-state.js';
import { Shadow } from './shadow.js';
import type { AnyViewOptions } from './view-options.js';
import { ViewSource } from './view-source.js';

/** The default history of an audience, in characters of patch text: 1,000 audiences must not keep 1,000 times a state's default. */
const AUDIENCE_HISTORY = 64 * 1024;

/** The viewed topics of a hub. */
export class Views {
  readonly #topics: Topics;
  readonly #observer: Observer;
  readonly #limit: number;
  readonly #byTopic = new Map<string, ViewSource>();

  /** @param limit the most audiences of one topic */
  constructor(topics: Topics, observer: Observer, limit: number) {
    this.#topics = topics;
    this.#observer = observer;
    this.#limit = limit;
  }

  /** How many audiences there are, over all topics. */
  get audiences(): number {
    return [...this.#byTopic.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Publishes a value under a topic's name as its audiences see it, in place of a former one.
   *
   * @throws VeloxError `too-long`, `bad-option`.
   */
  publish(topic: string, source: Versioned, options: StateOptions & AnyViewOptions): ViewSource {
    const viewed = new ViewSource({
      audience: (options.audience as ((context: unknown) => unknown) | undefined) ?? (() => null),
      host: this.#hostOf(topic, source, options),
      limit: this.#limit,
      onFailure: (error) => this.#observer.failure(error, { topic }),
      reopen: () => this.#topics.reopen(topic),
      reopenDenied: (isDue) =>
        this.#topics.reask(
          topic,
          ({ topics, admission }) => topics.get(topic)?.denial === 'too-many' && isDue(admission),
        ),
    });
    this.#topics.provide(topic, viewed);
    this.#byTopic.set(topic, viewed);
    return viewed;
  }

  /** Another source has taken the place of a topic's view. */
  remove(topic: string): void {
    this.#byTopic.delete(topic);
  }

  close(): void {
    for (const viewed of this.#byTopic.values()) viewed.close();
  }

  #hostOf(
    topic: string,
    source: Versioned,
    { view, ...options }: StateOptions & AnyViewOptions,
  ): DerivedHost {
    const isDevelopment = process.env.NODE_ENV !== 'production';
    const { depth, key, keep$, history } = options;
    return {
      source,
      shadow: new Shadow(source, isDevelopment),
      view: view as DerivedHost['view'],
      stateOptions: {
        ...(depth !== undefined && { depth }),
        ...(key !== undefined && { key }),
        ...(keep$ !== undefined && { keep$ }),
        history: { size: AUDIENCE_HISTORY, ...history },
      },
      isChecked: isDevelopment,
      onFailure: (error, audience) => this.#observer.failure(error, { topic, audience }),
      onImpure: () => {
        const advice = `the view of the topic ${JSON.stringify(topic)} gave two results for one value. Make it pure, and give each() all that a row's projection depends on.`;
        this.#observer.once('impure view', topic, advice, { topic });
      },
    };
  }
}

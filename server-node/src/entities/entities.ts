import { VeloxError } from '@velox/core/protocol';
import type { Observer } from '../diagnostics/observer.js';
import type { Topics } from '../topics/topics.js';
import { EntitySource, type EntityOptions } from './entity.js';

/** The entities of a hub by their type. */
export class Entities {
  readonly #topics: Topics;
  readonly #observer: Observer;
  readonly #limit: number;
  readonly #byType = new Map<string, EntitySource>();

  /** @param limit the most rows of one type */
  constructor(topics: Topics, observer: Observer, limit: number) {
    this.#topics = topics;
    this.#observer = observer;
    this.#limit = limit;
  }

  /** How many rows there are, over all types. */
  get rows(): number {
    return [...this.#byType.values()].reduce((sum, source) => sum + source.size, 0);
  }

  /**
   * Provides the topics `<type>/<id>`.
   *
   * @throws VeloxError `bad-option` for a type that is empty, has a slash or exists, and without a fetch.
   */
  create(type: string, options: EntityOptions<unknown>): EntitySource {
    if (type === '' || type.includes('/')) {
      throw new VeloxError(
        'bad-option',
        `the entity type ${JSON.stringify(type)} is empty or has a slash. Rename it.`,
      );
    }
    if (this.#byType.has(type)) {
      throw new VeloxError(
        'bad-option',
        `the entity ${type} exists. Create each type once, and keep its object.`,
      );
    }
    if (!options.fetch && !options.fetchMany) {
      throw new VeloxError('bad-option', `the entity ${type} has no fetch. Pass fetch or fetchMany.`);
    }
    const source = new EntitySource(type, options, {
      observer: this.#observer,
      limit: this.#limit,
      reask: (topic) => this.#topics.reask(topic),
      onRelated: (related) => this.#keep(related),
    });
    this.#byType.set(type, source);
    this.#topics.providePrefix(`${type}/`, source);
    return source;
  }

  /** @throws VeloxError `not-found` if there is no such entity. */
  notify(type: string, ids: string | readonly string[]): void {
    const source = this.#byType.get(type);
    if (!source) throw new VeloxError('not-found', `there is no entity ${type}. Create it by hub.entity().`);
    source.notify(ids);
  }

  close(): void {
    for (const source of this.#byType.values()) source.close();
  }

  #keep(related: ReadonlyMap<string, unknown>): void {
    for (const [topic, row] of related) {
      const slash = topic.indexOf('/');
      try {
        this.#byType.get(topic.slice(0, slash))?.keep(topic.slice(slash + 1), row);
      } catch (error) {
        this.#observer.failure(error);
      }
    }
  }
}

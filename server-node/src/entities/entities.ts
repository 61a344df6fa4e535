import { VeloxError } from '@velox/core/protocol';
import type { Observer } from '../diagnostics/observer.js';
import type { Topics } from '../topics/topics.js';
import { Changes } from './changes.js';
import type { EntityOptions } from './entity-options.js';
import { EntitySource } from './entity.js';
import type { RowId } from './row-id.js';

/** Carries notifications to the other nodes of a cluster. */
export interface EntityRelay {
  /** Receives the notifications of other nodes for a type. */
  watch(type: string): void;
  /** Notifies the other nodes. */
  send(type: string, ids: readonly string[], audience: string | undefined): void;
}

/** The entities of a hub by their type. */
export class Entities {
  readonly #topics: Topics;
  readonly #observer: Observer;
  readonly #limit: number;
  readonly #changes = new Changes();
  readonly #byType = new Map<string, EntitySource>();
  /** The way to the other nodes, if there are any. */
  relay: EntityRelay | undefined;

  /** @param limit the most rows of one type */
  constructor(topics: Topics, observer: Observer, limit: number) {
    this.#topics = topics;
    this.#observer = observer;
    this.#limit = limit;
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
      changes: this.#changes,
      reask: (topic) => this.#topics.reask(topic),
      reaskRefused: (topic) => this.#topics.reaskRefused(topic),
      reaskAllRefused: (prefix) => this.#topics.reaskAllRefused(prefix),
      onRelated: (related, began) => this.#keep(related, began),
      onNotify: (ids, audience) => this.relay?.send(type, ids, audience),
    });
    this.relay?.watch(type);
    this.#byType.set(type, source);
    this.#topics.providePrefix(`${type}/`, source);
    return source;
  }

  /** @throws VeloxError `not-found` if there is no such entity; `bad-option`. */
  notify(type: string, ids: RowId | readonly RowId[]): void {
    const source = this.#byType.get(type);
    if (!source) throw new VeloxError('not-found', `there is no entity ${type}. Create it by hub.entity().`);
    source.notify(ids);
  }

  /** Takes a notification that arrived at another node. */
  notifyHere(type: string, ids: readonly string[], audience: string | undefined): void {
    this.#byType.get(type)?.notifyHere(ids, audience);
  }

  /** Notifications of a type may have been missed: all watched rows are fetched again, soon. */
  doubt(type: string): void {
    this.#byType.get(type)?.doubt();
  }

  /** The same for all types. */
  doubtAll(): void {
    for (const source of this.#byType.values()) source.doubt();
  }

  close(): void {
    for (const source of this.#byType.values()) source.close();
  }

  #keep(related: ReadonlyMap<string, unknown>, began: number): void {
    for (const [topic, row] of related) {
      const slash = topic.indexOf('/');
      try {
        this.#byType.get(topic.slice(0, slash))?.keep(topic.slice(slash + 1), row, began);
      } catch (error) {
        this.#observer.failure(error);
      }
    }
  }
}

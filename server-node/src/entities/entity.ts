import {
  checkArgument,
  isVeloxError,
  LONGEST_TIMER_MS,
  option,
  VeloxError,
  type Position,
} from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import { synchronous, thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { Versioned } from '../state/versioned.js';
import type { Opened, Source } from '../topics/source.js';
import type { Changes } from './changes.js';
import { checkedCompare, compareVersions } from './compare-versions.js';
import { EntityRow } from './entity-row.js';
import type { EntityOptions, EntityStats, PutOptions } from './entity-options.js';
import { readFetched, readPut, type FetchedRow } from './fetched.js';
import { Fetches } from './fetches.js';
import type { RowHost } from './row-host.js';
import { textOf, textsOf, type RowId } from './row-id.js';
import { RowValue } from './row-value.js';
import { Rows } from './rows.js';

/** The longest delay before rows are fetched again because notifications may have been missed, in ms: not all nodes at a time. */
const DOUBT_MS = 1_000;

/** The functions of a hub that an entity needs. */
export interface EntityHost {
  readonly observer: Observer;
  /** The most rows of the entity. */
  readonly limit: number;
  readonly changes: Changes;
  /** Opens a topic again for all sessions that want it. */
  readonly reask: (topic: string) => void;
  /** The same for the sessions that were denied, or told that there is no value. */
  readonly reaskRefused: (topic: string) => void;
  /** The same for all topics that begin with a prefix. */
  readonly reaskAllRefused: (prefix: `${string}/`) => void;
  /** Rows of other entities that a fetch, which began at the moment `began`, brought along. */
  readonly onRelated: (related: ReadonlyMap<string, unknown>, began: number) => void;
  /** Some rows have changed; other nodes have to know. */
  readonly onNotify: (ids: readonly string[], audience: string | undefined) => void;
}

/** The rows of one type as topics `<type>/<id>`: each is fetched when a client wants it, and again when it has changed. */
export class EntitySource<T = unknown> implements Source {
  readonly #type: string;
  readonly #options: EntityOptions<T>;
  readonly #host: EntityHost;
  readonly #fetches: Fetches;
  readonly #rows: Rows;
  readonly #rowHost: RowHost;
  #aging: NodeJS.Timeout | undefined;
  /** The rows that may have changed without a notification, until they are fetched again. */
  #doubted: readonly EntityRow[] = [];
  #doubting: NodeJS.Timeout | undefined;

  constructor(type: string, options: EntityOptions<T>, host: EntityHost) {
    const {
      fetch,
      fetchMany,
      concurrency = 8,
      timeout = 10_000,
      linger = 30_000,
      compare = compareVersions,
    } = options;
    this.#type = type;
    this.#options = options;
    this.#host = host;
    this.#fetches = new Fetches({
      concurrency,
      timeout,
      ...(fetch && { fetch }),
      ...(fetchMany && { fetchMany }),
    });
    this.#rows = new Rows(linger, host.limit);
    this.#rowHost = {
      stateOptions: options.key === undefined ? {} : { key: options.key },
      compare: checkedCompare(compare, type),
      changes: host.changes,
      fetch: (job) => this.#fetches.add(job),
      codeOf: (error) => this.#codeOf(error),
      onRelated: (related, began) => {
        if (related.size > 0) host.onRelated(related, began);
      },
      reask: (id) => host.reask(this.#topicOf(id)),
      reaskRefused: (id) => host.reaskRefused(this.#topicOf(id)),
      onIdle: (id, audience) => {
        const row = this.#rows.find(id, audience);
        if (row) this.#rows.leave(row);
      },
    };
  }

  /**
   * Some rows have changed: those that clients watch are fetched again, for all audiences or for one.
   *
   * @throws VeloxError `bad-option`.
   */
  notify(ids: RowId | readonly RowId[], audience?: string): void {
    const all = textsOf(ids, 'notify()');
    if (audience !== undefined) this.#checkAudience('notify()', audience);
    this.notifyHere(all, audience);
    this.#host.onNotify(all, audience);
  }

  /** The same for this node alone. */
  notifyHere(ids: readonly string[], audience: string | undefined): void {
    for (const id of ids) this.#notify(id, audience);
  }

  /** All rows may have changed until now: soon, those that clients watch are fetched again. */
  doubt(): void {
    this.#doubted = [...this.#rows.all()];
    this.#doubting ??= setTimeout(() => {
      for (const row of this.#doubted) {
        if (this.#rows.isWatched(row)) row.need();
        else row.invalidate();
      }
      this.#doubted = [];
      this.#doubting = undefined;
      this.#host.reaskAllRefused(`${this.#type}/`);
    }, Math.random() * DOUBT_MS).unref();
  }

  /** The application has a row: it is sent without a fetch. */
  put(rowId: RowId, value: T | null | FetchedRow<T>, options: PutOptions = {}): void {
    const id = textOf(rowId, 'put()');
    const { audience, ...others } = options;
    const row = readPut(value, others);
    if (audience !== undefined || this.#options.audience !== undefined)
      this.#checkAudience('put()', audience);
    this.#host.changes.note(this.#topicOf(id));
    const present = this.#rows.find(id, audience);
    if (present) present.put(row);
    else this.#host.reaskRefused(this.#topicOf(id)); // the row of denied clients is forgotten after `linger`
    this.#host.onNotify([id], audience); // other nodes fetch it
  }

  /** Keeps a row that another fetch, which began at the moment `began`, brought along, as if a client had asked for it. */
  keep(id: string, result: unknown, began: number): void {
    if (this.#options.audience !== undefined) return;
    const related = readFetched(result);
    if (related === 'denied' || this.#host.changes.hasChangedSince(this.#topicOf(id), began)) return;
    const row = this.#rows.find(id, undefined) ?? this.#create(id, undefined);
    try {
      row.offer(related, began);
    } finally {
      this.#rows.leave(row);
    }
  }

  stats(): EntityStats {
    const rows = [...this.#rows.all()];
    return {
      rows: rows.length,
      watched: rows.length - this.#rows.unwatched,
      fetching: rows.filter((row) => row.isFetching).length,
      failed: rows.filter((row) => row.hasFailed).length,
    };
  }

  open(topic: string, admission: Admission, known?: Position): Opened | Promise<Opened> {
    const { audience: rule, maxAge = Infinity } = this.#options;
    if (rule === 'user' && admission.identity === undefined) return { denied: 'unauthorized' };
    const id = this.#idOf(topic);
    let audience: string | undefined;
    try {
      audience = this.#audienceOf(admission);
    } catch (error) {
      this.#host.observer.failure(error, { topic });
      return { stale: 'unavailable', id: undefined };
    }
    const row = this.#rows.find(id, audience) ?? this.#create(id, audience);
    this.#rows.enter(row);
    if (rule === 'user') row.admit(admission.context, admission.order);
    const opened = row.open(known);
    if (performance.now() - row.freshAt > maxAge) row.refresh();
    if (maxAge !== Infinity) {
      const every = Math.min(maxAge / 4, LONGEST_TIMER_MS);
      this.#aging ??= setInterval(() => this.#age(maxAge), every).unref();
    }
    return thenOrNow(opened, (answer: Opened) => {
      this.#rows.leave(row); // without a value there is no broadcast that would release it
      return answer;
    });
  }

  peek(topic: string): Versioned | undefined {
    return this.#rows.find(this.#idOf(topic), undefined)?.presentValue;
  }

  release(topic: string, versioned: Versioned): void {
    for (const row of this.#rows.of(this.#idOf(topic))) {
      if (versioned instanceof RowValue) row.release(versioned);
      this.#rows.leave(row);
    }
  }

  /** Ends all rows. */
  close(): void {
    clearInterval(this.#aging);
    clearTimeout(this.#doubting);
    this.#fetches.close();
    this.#rows.close();
  }

  #notify(id: string, audience: string | undefined): void {
    const topic = this.#topicOf(id);
    const now = this.#host.changes.note(topic);
    const rows = this.#rows.of(id).filter((row) => audience === undefined || row.audience === audience);
    let isNews = rows.length === 0;
    for (const row of rows) {
      row.value?.notified(now);
      if (this.#rows.isWatched(row)) isNews = row.need() || isNews;
      else {
        row.invalidate();
        isNews = true;
      }
    }
    // Sessions that were denied, or wait for a row that failed, watch no row.
    if (isNews) this.#host.reaskRefused(topic);
  }

  #create(id: string, audience: string | undefined): EntityRow {
    const row = new EntityRow(this.#rowHost, id, audience);
    this.#rows.add(row);
    return row;
  }

  #topicOf(id: string): string {
    return `${this.#type}/${id}`;
  }

  #idOf(topic: string): string {
    return topic.slice(this.#type.length + 1);
  }

  /** @throws VeloxError `bad-option`, also if the entity has one row for all clients */
  #checkAudience(call: string, audience: unknown): void {
    checkArgument(call, 'an audience', audience, option.text);
    if (this.#options.audience !== undefined) return;
    throw new VeloxError('bad-option', `the entity ${this.#type} has no audiences. Leave out the audience.`);
  }

  #audienceOf({ context, identity }: Admission): string | undefined {
    const { audience } = this.#options;
    if (audience === 'user') return identity;
    if (audience === undefined) return undefined;
    const key: unknown = synchronous(audience(context), `audience() of the entity ${this.#type}`);
    if (typeof key === 'string') return key;
    throw new TypeError(`velox: audience() of the entity ${this.#type} returned no string. Return one.`);
  }

  #age(maxAge: number): void {
    const oldest = performance.now() - maxAge;
    for (const row of this.#rows.all()) if (row.freshAt <= oldest && this.#rows.isWatched(row)) row.refresh();
  }

  #codeOf(error: unknown): string {
    if (isVeloxError(error, 'timeout')) {
      this.#host.observer.log('warn', 'fetch timed out', { entity: this.#type });
      return 'fetch-timeout';
    }
    this.#host.observer.failure(error);
    return isVeloxError(error, 'not-json') || isVeloxError(error, 'too-deep') ? 'not-json' : 'fetch-failed';
  }
}

import { isVeloxError, VeloxError, type Position } from '@velox/core/protocol';
import type { Admission } from '../access/admission.js';
import { thenOrNow } from '../diagnostics/maybe-promise.js';
import type { Observer } from '../diagnostics/observer.js';
import type { StateOptions } from '../state/state.js';
import type { Versioned } from '../state/versioned.js';
import type { Opened, Source } from '../topics/source.js';
import { EntityRow, type RowHost } from './entity-row.js';
import { readFetched, type Fetched, fetched as withOptions } from './fetched.js';
import { Fetches, type Who } from './fetches.js';
import { Rows } from './rows.js';

/** How an entity's rows are read. */
export interface EntityOptions<T, Context = unknown> {
  /** Reads one row. Returns the row, `null` if there is none, `fetched(…)`, or `'denied'`. It sees the audience and not the client. */
  readonly fetch?: (id: string, who: Who<Context>) => Fetched<T> | Promise<Fetched<T>>;
  /** Reads all rows that one tick brings together. Ids that the map lacks do not exist. Used in place of `fetch`. */
  readonly fetchMany?: (
    ids: readonly string[],
    who: Who<Context>,
  ) => ReadonlyMap<string, Fetched<T>> | Promise<ReadonlyMap<string, Fetched<T>>>;
  /**
   * Which clients share a row. Default: all. `'user'`: a row for each identity, fetched with its newest context; anonymous clients are
   * denied. A function: a row for each key that it returns, for instance a tenant, a role or a language.
   */
  readonly audience?: 'user' | ((context: Context) => string);
  /** Fetches at a time; default 8. */
  readonly concurrency?: number;
  /** How long a fetch may take, in ms; default 10,000. */
  readonly timeout?: number;
  /** An older row is sent immediately and fetched again, when a client asks and while clients watch, in ms; default: rows do not age. */
  readonly maxAge?: number;
  /** How long a row is kept after its last client, in ms; default 30,000. */
  readonly linger?: number;
  /** Identifies the rows of lists inside a row; see the option `key` of states. */
  readonly key?: StateOptions['key'];
  /** Compares two versions: negative if `a` is older. Default: by `<`, of the same type. */
  readonly compare?: (a: string | number, b: string | number) => number;
}

/** The content of an entity. */
export interface EntityStats {
  readonly rows: number;
  /** Rows that clients watch. */
  readonly watched: number;
  /** Fetches under way. */
  readonly fetching: number;
  /** Rows whose last fetch failed. */
  readonly failed: number;
}

/** The rows of one type. */
export interface Entity<T> {
  /**
   * Some rows have changed: those that clients watch are fetched again, once for all their clients.
   *
   * @param audience the only audience that is concerned; default: all
   */
  notify(ids: string | readonly string[], audience?: string): void;
  /**
   * The application has a row: clients receive it without a fetch.
   *
   * @param options `version` (an older one is ignored), `audience` for entities with audiences
   * @throws VeloxError `not-json`, `too-deep`. The row is then as it was.
   */
  put(id: string, value: T | null, options?: PutOptions): void;
  stats(): EntityStats;
}

/** Additions to a row that is put. */
export interface PutOptions {
  readonly version?: string | number;
  readonly audience?: string;
}

/** The functions of a hub that an entity needs. */
export interface EntityHost {
  readonly observer: Observer;
  /** The most rows of the entity. */
  readonly limit: number;
  /** Opens a topic again for all sessions that want it. */
  readonly reask: (topic: string) => void;
  /** Rows of other entities that a fetch brought along. */
  readonly onRelated: (related: ReadonlyMap<string, unknown>) => void;
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
  readonly #rowHost: Omit<RowHost, 'onRight' | 'isWatched'>;
  #aging: NodeJS.Timeout | undefined;

  constructor(type: string, options: EntityOptions<T>, host: EntityHost) {
    const {
      fetch,
      fetchMany,
      concurrency = 8,
      timeout = 10_000,
      linger = 30_000,
      compare = byOrder,
    } = options;
    this.#type = type;
    this.#options = options;
    this.#host = host;
    this.#fetches = new Fetches({
      concurrency,
      timeout,
      ...(fetch && { fetch: fetch }),
      ...(fetchMany && { fetchMany: fetchMany }),
    });
    this.#rows = new Rows(linger, host.limit);
    this.#rowHost = {
      stateOptions: options.key === undefined ? {} : { key: options.key },
      compare,
      fetch: (job) => this.#fetches.add(job),
      codeOf: (error) => this.#codeOf(error),
      onRelated: (related) => {
        if (related.size > 0) host.onRelated(related);
      },
    };
  }

  /** Some rows have changed: those that clients watch are fetched again, for all audiences or for one. */
  notify(ids: string | readonly string[], audience?: string): void {
    const all = typeof ids === 'string' ? [ids] : ids;
    this.notifyHere(all, audience);
    this.#host.onNotify(all, audience);
  }

  /** The same for this node alone. */
  notifyHere(ids: readonly string[], audience: string | undefined): void {
    for (const id of ids) this.#notify(id, audience);
  }

  /** Fetches all rows again that clients watch. */
  refreshAll(): void {
    this.#refresh(0);
  }

  /** The application has a row: it is sent without a fetch. */
  put(id: string, value: T | null, options: PutOptions = {}): void {
    const { audience, ...others } = options;
    const row = withOptions(value, others);
    for (const each of this.#rows.of(id)) if (each.audience === audience) each.put(row);
    this.#host.onNotify([id], audience); // other nodes fetch it
  }

  /** Keeps a row that another fetch brought along, as if a client had asked for it. */
  keep(id: string, result: unknown): void {
    if (this.#options.audience !== undefined) return;
    const row = readFetched(result);
    if (row === 'denied') return;
    const known = this.#rows.find(id, undefined);
    (known ?? this.#create(id, undefined, undefined)).put(row);
    if (!known) this.#rows.leave(id, undefined);
  }

  /** How many rows there are. */
  get size(): number {
    return this.#rows.size;
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
    const id = topic.slice(this.#type.length + 1);
    const audience = this.#audienceOf(admission);
    const context = rule === 'user' ? admission.context : undefined;
    const present = this.#rows.find(id, audience);
    const row = present ?? this.#create(id, audience, context);
    this.#rows.enter(id, audience);
    const isNewContext = present !== undefined && row.context !== context;
    row.context = context;
    const isOld = performance.now() - row.freshAt > maxAge;
    const opened = row.open(known, isNewContext);
    if (isOld && row.value) row.need();
    if (maxAge !== Infinity) this.#aging ??= setInterval(() => this.#refresh(maxAge), maxAge).unref();
    return thenOrNow(opened, (answer: Opened) => {
      // Without a value there is no broadcast that would release the row.
      if (typeof answer === 'string' || !('position' in answer)) this.#rows.leave(id, audience);
      return answer;
    });
  }

  peek(topic: string): Versioned | undefined {
    return this.#rows.find(topic.slice(this.#type.length + 1), undefined)?.value;
  }

  release(topic: string, versioned: Versioned): void {
    const id = topic.slice(this.#type.length + 1);
    for (const row of this.#rows.of(id)) if (row.value === versioned) this.#rows.leave(id, row.audience);
  }

  /** Ends all rows. */
  close(): void {
    clearInterval(this.#aging);
    this.#rows.close();
  }

  #notify(id: string, audience: string | undefined): void {
    const rows = this.#rows.of(id).filter((row) => audience === undefined || row.audience === audience);
    const watched = rows.filter((row) => this.#rows.isWatched(id, row.audience));
    for (const row of rows) if (!watched.includes(row)) this.#rows.forget(row);
    for (const row of watched) row.need();
    // Sessions that were denied, or wait for a row that failed, watch no row.
    if (watched.length === 0) this.#host.reask(`${this.#type}/${id}`);
  }

  #create(id: string, audience: string | undefined, context: unknown): EntityRow {
    const onRight = (): void => this.#host.reask(`${this.#type}/${id}`);
    const isWatched = (): boolean => this.#rows.isWatched(id, audience);
    const row = new EntityRow({ ...this.#rowHost, onRight, isWatched }, id, audience, context);
    this.#rows.add(row);
    return row;
  }

  #audienceOf({ context, identity }: Admission): string | undefined {
    const { audience } = this.#options;
    if (audience === 'user') return identity;
    if (audience === undefined) return undefined;
    const key: unknown = audience(context);
    if (typeof key === 'string') return key;
    throw new TypeError(`velox: audience() of the entity ${this.#type} returned no string. Return one.`);
  }

  #refresh(maxAge: number): void {
    const oldest = performance.now() - maxAge;
    for (const row of this.#rows.all())
      if (row.freshAt <= oldest && this.#rows.isWatched(row.id, row.audience)) row.need();
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

/** @throws VeloxError `not-json` if the versions cannot be compared. */
function byOrder(a: string | number, b: string | number): number {
  if (typeof a !== typeof b) {
    throw new VeloxError('not-json', 'versions of a row differ in type. Pass `compare` to the entity.');
  }
  return a < b ? -1 : a > b ? 1 : 0;
}

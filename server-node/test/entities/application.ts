import type { EntitySource } from '../../src/entities/entity.js';
import type { EntityOptions } from '../../src/entities/entity-options.js';
import { Hub } from '../../src/hub/hub.js';
import type { Context, Database, Row } from './database.js';
import type { Settings, Step } from './plan.js';
import { TEAMS } from './truth.js';

type RowOptions = EntityOptions<Row, Context>;

/** The entities of a run. */
const AUDIENCES: Record<string, RowOptions['audience']> = {
  items: undefined,
  users: undefined,
  notes: 'user',
  prices: ({ team }) => team,
};

/** The keys for which the application puts a row; empty: the row has no secret. */
const KEYS: Record<string, readonly string[]> = {
  items: [''],
  users: ['member'],
  notes: ['user-1', 'user-2', 'user-3'],
  prices: TEAMS,
};

/** The application of a run: a hub with entities, and the code that changes rows. */
export class Application {
  readonly hub: Hub;
  readonly #database: Database;
  readonly #entities = new Map<string, EntitySource>();

  /** @param isMember whether a client may see users */
  constructor(
    settings: Settings,
    database: Database,
    authorize: (token: string) => Context,
    isMember: (name: string) => boolean,
  ) {
    this.#database = database;
    this.hub = new Hub({
      authorize: ({ token = '' }) => authorize(token),
      identify: (context) => (context as Context).identity,
      canSubscribe: (context, topic) => {
        const may = !topic.startsWith('users/') || isMember((context as Context).name);
        return settings.isSlowToAnswer ? new Promise((resolve) => setTimeout(() => resolve(may), 3)) : may;
      },
      heartbeat: Infinity,
      compression: 'all',
      logger: () => undefined,
      limits: { opensPerAddress: Infinity, rate: Infinity },
    });
    for (const [type, audience] of Object.entries(AUDIENCES)) this.#create(type, audience, settings);
  }

  /** Changes a row, and tells it. */
  change({ topic, by, delay }: Step & { does: 'change' }): void {
    this.#database.change(topic);
    if (by !== 'put') setTimeout(() => this.notify(topic), delay);
    if (by !== 'notify') this.#put(topic);
  }

  notify(topic: string, audience?: string): void {
    const [type = '', id = ''] = topic.split('/');
    this.#entities.get(type)?.notify(id, audience);
  }

  #put(topic: string): void {
    const [type = '', id = ''] = topic.split('/');
    for (const key of KEYS[type] ?? []) {
      const { value, ...version } = this.#database.present(topic, key);
      const { n, ...secret } = value;
      const hasAudience = AUDIENCES[type] !== undefined;
      if (this.#database.locked.has(`${topic} ${key}`)) this.notify(topic);
      else
        this.#entities
          .get(type)
          ?.put(id, { n, ...(key && secret) }, { ...version, ...(hasAudience && { audience: key }) });
    }
  }

  #create(type: string, audience: RowOptions['audience'], settings: Settings): void {
    const { isMany, lag, linger, concurrency } = settings;
    const options: RowOptions = {
      ...(isMany
        ? { fetchMany: (ids, who) => this.#database.fetchMany(type, ids, who) }
        : { fetch: (id, who) => this.#database.fetch(type, id, who) }),
      ...(audience && { audience }),
      ...(lag > 0 && { maxAge: 4_000 }), // notifications come before the replica has the row
      concurrency,
      timeout: 2_000,
      linger,
    };
    this.#entities.set(type, this.hub.entities.create(type, options as EntityOptions<unknown>));
  }
}

import { randomUUID } from 'node:crypto';
import { FanOut, topicKey } from '@velox/server/backplane';
import type { Appended, Log, LogPart, NewRevision, Opened, Place, Revision } from '@velox/server/backplane';
import type { ClassicLevel } from 'classic-level';

/** Keeps shared states in LevelDB. One process has the files, so a queue is enough to compare and append. */
export function level(db: ClassicLevel, options: { sync?: boolean } = {}): LogPart {
  const { sync = false } = options;
  return { log: new LevelLog(db, sync), durable: sync, shared: false, close: () => Promise.resolve() };
}

const headKey = (topic: string): string => `${topicKey(topic)}/head`;
const snapshotKey = (topic: string): string => `${topicKey(topic)}/snapshot`;
const logKey = (topic: string, version: number): string =>
  `${topicKey(topic)}/log/${`${version}`.padStart(16, '0')}`;

class LevelLog implements Log {
  readonly #run = randomUUID(); // files that are opened again have lost what was not on the disk
  readonly #followers = new FanOut<Revision>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    readonly db: ClassicLevel,
    readonly sync: boolean,
  ) {}

  open(topic: string, initial: string, from = 1): Promise<Opened> {
    return this.#inTurn(async () => {
      if (!(await this.#head(topic))) {
        const at = { id: randomUUID(), version: from, token: randomUUID() };
        await this.#put(topic, at, [snapshotKey(topic), { at, value: initial }]);
      }
      const { id } = (await this.#head(topic)) as Place;
      const { at, value } = JSON.parse(
        (await this.db.get(snapshotKey(topic))) as string,
      ) as Opened['snapshot'];
      const revisions = await this.#after(topic, at.version, id);
      return { snapshot: { at: { ...at, id }, value }, revisions, run: this.#run };
    });
  }

  append(
    topic: string,
    after: Place,
    revisions: readonly NewRevision[],
    within?: unknown,
  ): Promise<Appended> {
    return this.#inTurn(async () => {
      if (within !== undefined) throw Object.assign(new Error('no transactions'), { code: 'not-supported' });
      const head = await this.#head(topic);
      if (!head || !isSame(head, after)) return { ok: false, head };
      let at = head;
      const added = revisions.map(({ tag, patch }): Revision => {
        const previous = at.token;
        at = { id: at.id, version: at.version + 1, token: tag };
        return { at, previous, tag, patch };
      });
      const rows = added.map((revision) => [logKey(topic, revision.at.version), revision] as const);
      await this.#put(topic, at, ...rows);
      queueMicrotask(() => added.forEach((revision) => this.#followers.tell(topic, revision)));
      return { ok: true, at };
    });
  }

  read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    return this.#inTurn(async () => {
      const head = await this.#head(topic);
      if (!head || head.id !== after.id || after.version > head.version) return 'other';
      if (after.version === head.version) return head.token === after.token ? [] : 'other';
      const found = await this.#after(topic, after.version, head.id);
      if (found[0]?.at.version !== after.version + 1) return 'gone';
      return found[0].previous === after.token ? found : 'other';
    });
  }

  follow(topic: string, onRevision: (revision: Revision) => void): Promise<() => void> {
    return this.#followers.add(topic, onRevision);
  }

  heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return Promise.all(topics.map((topic) => this.#head(topic)));
  }

  saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    return this.#inTurn(async () => {
      const head = await this.#head(topic);
      const saved = await this.db.get(snapshotKey(topic));
      if (!head || !saved || head.id !== at.id) return false;
      if ((JSON.parse(saved) as Opened['snapshot']).at.version >= at.version) return false;
      const [next] = await this.#after(topic, at.version, head.id);
      if (!isSame(head, at) && next?.previous !== at.token) return false;
      await this.#put(topic, head, [snapshotKey(topic), { at, value }]);
      await this.db.clear({ gte: logKey(topic, 0), lte: logKey(topic, Math.max(0, at.version - keep)) });
      return true;
    });
  }

  renew(topic: string, id: string): Promise<Place> {
    return this.#inTurn(async () => {
      const head = await this.#head(topic);
      if (!head) throw Object.assign(new Error('no such topic'), { code: 'not-found' });
      if (head.id !== id) return head;
      const renewed = { ...head, id: randomUUID() };
      await this.#put(topic, renewed);
      return renewed;
    });
  }

  drop(topic: string): Promise<void> {
    return this.#inTurn(() => this.db.clear({ gte: `${topicKey(topic)}/`, lt: `${topicKey(topic)}0` }));
  }

  run(): Promise<string> {
    return Promise.resolve(this.#run);
  }

  async #head(topic: string): Promise<Place | undefined> {
    const text = await this.db.get(headKey(topic));
    return text === undefined ? undefined : (JSON.parse(text) as Place);
  }

  async #after(topic: string, version: number, id: string): Promise<Revision[]> {
    const range = { gt: logKey(topic, version), lt: logKey(topic, Number.MAX_SAFE_INTEGER) };
    const rows = (await this.db.values(range).all()).map((text) => JSON.parse(text) as Revision);
    return rows.map((revision) => ({ ...revision, at: { ...revision.at, id } }));
  }

  async #put(topic: string, head: Place, ...rows: (readonly [key: string, value: unknown])[]): Promise<void> {
    const all = [[headKey(topic), head] as const, ...rows];
    const puts = all.map(([key, value]) => ({ type: 'put' as const, key, value: JSON.stringify(value) }));
    await this.db.batch(puts, { sync: this.sync });
  }

  #inTurn<T>(body: () => Promise<T>): Promise<T> {
    const done = this.#last.then(body);
    this.#last = done.catch(() => {});
    return done;
  }
}

const isSame = (one: Place, two: Place): boolean =>
  one.id === two.id && one.version === two.version && one.token === two.token;

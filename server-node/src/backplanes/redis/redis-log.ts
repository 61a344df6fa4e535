import { randomUUID } from 'node:crypto';
import { VeloxError } from '@velox/core/protocol';
import type { Appended, Log, NewRevision, Opened, Place, Revision, Unsubscribe } from '../../cluster/log.js';
import { FanOut } from '../../cluster/fan-out.js';
import { HeadsWatch } from '../../cluster/heads-watch.js';
import { topicKey } from '../../cluster/topic-key.js';
import type { RedisConnection } from './connection.js';
import { APPEND, OPEN, READ, RENEW, SAVE, type Script } from './scripts.js';

type Entry = [id: string, fields: [string, string, string, string]];

/**
 * Errors that Redis answers instead of the first write of a script, and that another attempt would meet again. After others, such as
 * `READONLY` in a failover, it may succeed soon. Redis 6 puts the error of a script into a longer one. A missing right is `NOPERM` outside of
 * a script. Inside, the first text is of Redis 7.2 or later, the second one of earlier versions.
 */
const REFUSALS =
  /(?:^|: -)(?:OOM|MISCONF|NOAUTH|NOPERM) |ACL failure in script|The user executing the script/;

/** The answer of `OPEN`: the head, the snapshot, the run and the revisions above the snapshot. */
type Found = [
  ...[id: string, version: string, tag: string],
  ...[snapshotVersion: string, snapshotTag: string, value: string, run: string],
  entries: Entry[],
];

/** A cluster's client does not say when its subscriptions were renewed, so heads are compared, every so many ms. */
const CHECK_MS = 2_000;

/** A log in Redis: a hash and a stream for each topic. */
export class RedisLog implements Log {
  readonly #connection: RedisConnection;
  readonly #prefix: string;
  readonly #followers: FanOut<Revision>;
  readonly #watch: HeadsWatch;
  #run = '';

  constructor(connection: RedisConnection, prefix: string) {
    this.#connection = connection;
    this.#prefix = prefix;
    this.#followers = new FanOut(
      (channel) => connection.subscribe(channel),
      (channel) => connection.unsubscribe(channel),
    );
    this.#watch = new HeadsWatch({
      topics: () => this.#followers.keys(),
      heads: (names) => this.#heads(names),
      onDoubt: (name) => this.#followers.doubt(name),
      interval: CHECK_MS,
    });
  }

  async open(topic: string, initial: string, from = 1): Promise<Opened> {
    const name = this.#name(topic);
    const place = [randomUUID(), `${from}`, randomUUID()];
    const found =
      (await this.#eval(OPEN, name, [])) ??
      (await this.#eval(OPEN, name, [...place, initial, await this.#knownRun()]));
    const [id, , , version, token, value, run, entries] = found as Found;
    const at = { id, version: Number(version), token };
    return { snapshot: { at, value }, revisions: revisionsOf(entries, at), run };
  }

  async append(
    topic: string,
    after: Place,
    revisions: readonly NewRevision[],
    within?: unknown,
  ): Promise<Appended> {
    if (within !== undefined)
      throw new VeloxError('not-supported', 'Redis has no transactions to append in. Leave out `within`.');
    const name = this.#name(topic);
    const { id, version, token } = after;
    const to = [await this.#knownRun(), this.#connection.publish, name];
    const steps = revisions.flatMap(({ tag, patch }) => [tag, patch]);
    const result = await this.#eval(APPEND, name, [id, `${version}`, token, ...to, ...steps]).catch(refused);
    if (Array.isArray(result)) return { ok: false, head: placeOf(result as string[]) };
    const at = { id, version: version + revisions.length, token: revisions.at(-1)?.tag ?? token };
    return { ok: true, at };
  }

  async read(topic: string, after: Place): Promise<Revision[] | 'gone' | 'other'> {
    const { id, version, token } = after;
    const result = await this.#eval(READ, this.#name(topic), [id, `${version}`, token]);
    return Array.isArray(result) ? revisionsOf(result as Entry[], after) : (result as 'gone' | 'other');
  }

  async follow(
    topic: string,
    onRevision: (revision: Revision) => void,
    onDoubt: () => void,
  ): Promise<Unsubscribe> {
    const end = await this.#followers.add(this.#name(topic), onRevision, onDoubt);
    if (this.#connection.isCluster) this.#watch.start();
    return end;
  }

  heads(topics: readonly string[]): Promise<(Place | undefined)[]> {
    return this.#heads(topics.map((topic) => this.#name(topic)));
  }

  async saveSnapshot(topic: string, at: Place, value: string, keep: number): Promise<boolean> {
    const args = [at.id, `${at.version}`, at.token, value, `${keep}`];
    return (await this.#eval(SAVE, this.#name(topic), args)) === 1;
  }

  async renew(topic: string, id: string): Promise<Place> {
    const args = [id, randomUUID(), await this.#knownRun()];
    const head = placeOf((await this.#eval(RENEW, this.#name(topic), args)) as string[]);
    if (!head) throw new VeloxError('not-found', `the log has no topic "${topic}". Open it.`);
    return head;
  }

  async drop(topic: string): Promise<void> {
    const name = this.#name(topic);
    await this.#connection.send(name, ['DEL', name, `${name}:log`]);
  }

  async run(): Promise<string> {
    const servers = await Promise.all([
      this.#connection.info('server'),
      this.#connection.info('replication'),
    ]);
    const ids = servers.flat().flatMap((info) => /^(?:run_id|master_replid):(\w+)/m.exec(info)?.[1] ?? []);
    this.#run = ids.sort().join('.');
    return this.#run;
  }

  /** Tells the followers of a channel about a message of `append`. Returns whether it was one. */
  tell(channel: string, message: string): void {
    const [head, id = '', version, previous = '', tag = ''] = /^(\S+) (\d+) (\S+) (\S+)/.exec(message) ?? [];
    if (head === undefined) return;
    const at = { id, version: Number(version), token: tag };
    if (head.length === message.length) return this.#followers.doubt(channel); // the patch was too long
    this.#watch.heard(channel, at);
    this.#followers.tell(channel, { at, previous, tag, patch: message.slice(head.length + 1) });
  }

  /** After a reconnect another server may answer. */
  doubt(): void {
    this.#run = '';
    this.#followers.doubt();
  }

  close(): void {
    this.#watch.stop();
  }

  /** The run that heads are marked with. */
  #knownRun(): Promise<string> | string {
    return this.#run || this.run();
  }

  #heads(names: readonly string[]): Promise<(Place | undefined)[]> {
    // Clients send commands of one task together.
    return Promise.all(
      names.map(async (name) =>
        placeOf((await this.#connection.send(name, ['HMGET', name, 'id', 'v', 'tag'])) as string[]),
      ),
    );
  }

  /** Calls a script by its hash, and sends its text if the server does not have it. */
  async #eval({ text, sha }: Script, name: string, args: readonly string[]): Promise<unknown> {
    const rest = ['2', name, `${name}:log`, ...args];
    try {
      return await this.#connection.send(name, ['EVALSHA', sha, ...rest]);
    } catch (error) {
      if (!String((error as Error).message).startsWith('NOSCRIPT')) throw error;
      return this.#connection.send(name, ['EVAL', text, ...rest]);
    }
  }

  /** The name of the hash and of the channel. Braces keep both, and the stream, on one server of a cluster. */
  #name(topic: string): string {
    return `${this.#prefix}{${topicKey(topic)}}`;
  }
}

/** @throws VeloxError `unavailable` if nothing was written, otherwise the error. */
function refused(cause: unknown): never {
  if (!REFUSALS.test((cause as Error).message)) throw cause;
  throw new VeloxError('unavailable', 'Redis refuses to append. See the cause.', { cause });
}

function placeOf([id, version, token]: readonly (string | null)[]): Place | undefined {
  return id ? { id, version: Number(version), token: token ?? '' } : undefined;
}

function revisionsOf(entries: readonly Entry[], after: Place): Revision[] {
  let previous = after.token;
  return entries.map(([entry, [, tag, , patch]]) => {
    const at = { id: after.id, version: Number(entry.slice(0, -2)), token: tag };
    const revision = { at, previous, tag, patch };
    previous = tag;
    return revision;
  });
}

import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { VeloxError } from '@velox/core/protocol';
import type { NatsConnection, NatsJetStream, NatsMessage } from './client.js';

/** For how long the server may take, in ms. The election of a leader took 6.5 s. */
const PATIENCE_MS = 10_000;
/** How many messages are fetched together. */
const BATCH = 256;
const NO_STREAM = 10059;
const NO_MESSAGE = 10037;
const WRONG_SEQUENCE = 10071;
/** The same in a cluster, while another message of the subject is accepted and not applied. */
const UNKNOWN_SEQUENCE = 10164;
/** The wait until that message is applied, in ms: before, the subject looks unchanged. */
const APPLY_MS = 20;
const TEMPORARY = 503;
/** The statuses of a fetch that finds no messages, or no more. */
const ENDS: readonly (number | undefined)[] = [404, 408];

export interface Stored {
  readonly seq: number;
  readonly text: string;
}
interface Answer {
  readonly error?: { readonly code: number; readonly err_code?: number; readonly description: string };
  readonly message?: { readonly subject: string; readonly seq: number; readonly data?: string };
  readonly created?: string;
  readonly cluster?: { readonly name?: string; readonly leader?: string };
  readonly config?: { readonly num_replicas: number };
  readonly state?: { readonly last_seq: number };
  readonly name?: string;
  readonly num_pending?: number;
}

/** One stream with all topics. It republishes the accepted entries of the log, with the sequence of the entry before. */
export class Stream {
  readonly prefix: string;
  readonly #connection: NatsConnection;
  readonly #jetstream: NatsJetStream;
  readonly #name: string;
  readonly #replicas: number;
  #ready: Promise<unknown> | undefined;
  /** How often the server of the stream may have been replaced, though the connection stayed. */
  #doubts = 0;
  /** Reject the requests that have no answer yet. */
  readonly #pending = new Set<(error: unknown) => void>();
  #isClosed = false;
  #run: { readonly name: string; readonly generation: string } | undefined;

  constructor(connection: NatsConnection, jetstream: NatsJetStream, prefix: string, replicas: number) {
    this.#connection = connection;
    this.#jetstream = jetstream;
    this.prefix = prefix;
    this.#name = prefix.toUpperCase();
    this.#replicas = replicas;
  }

  /** The bytes of a message, without the headers that are sent with it. */
  get limit(): number {
    return (this.#connection.info?.max_payload ?? 1_048_576) - 1_024;
  }

  /** Another one means that the stream may have lost its end since, and that its sequences may belong to other messages. */
  get generation(): string {
    return `${this.#connection.info?.server_id} ${this.#doubts}`;
  }

  /** The connection was cut, or is back: requests from before are never answered. Most of them would wait for many seconds. */
  cut(): void {
    this.#doubts++; // the server of the stream may be another one than that of the connection
    const error = new VeloxError('timeout', 'the connection to NATS was cut before the answer came.');
    for (const reject of this.#pending) reject(error);
  }

  /** Rejects all pending requests and all later ones. */
  close(): void {
    this.#isClosed = true;
    for (const reject of this.#pending) reject(closed());
  }

  /** Stores a message if the last one of its subject has the sequence `after`; 0: if there is none. undefined: it has another one. */
  async put(subject: string, text: string, after: number): Promise<number | undefined> {
    await this.#whenReady();
    try {
      const expect = { lastSubjectSequence: after };
      return (await this.#answer(() => this.#jetstream.publish(subject, text, { expect }))).seq;
    } catch (error) {
      const { code, status = code } = error as { code?: unknown; status?: unknown };
      if (code === UNKNOWN_SEQUENCE) await sleep(APPLY_MS);
      if (code === WRONG_SEQUENCE || code === UNKNOWN_SEQUENCE) return undefined;
      this.#ready = undefined; // the stream may be gone
      if (typeof code !== 'number' || status === TEMPORARY) this.#doubts++;
      throw error;
    }
  }

  /** Stores messages without a condition. Returns their sequences. */
  async putAll(messages: readonly (readonly [subject: string, text: string])[]): Promise<number[]> {
    await this.#whenReady();
    const stored = await Promise.all(
      messages.map(([subject, text]) => this.#answer(() => this.#jetstream.publish(subject, text))),
    );
    return stored.map(({ seq }) => seq);
  }

  last(subject: string): Promise<Stored | undefined> {
    return this.#get({ last_by_subj: subject });
  }

  /** The first message of a subject at a sequence or above. */
  next(subject: string, seq: number): Promise<Stored | undefined> {
    return this.#get({ seq, next_by_subj: subject });
  }

  /** The sequence of the newest message, of whatever subject; 0: there was none. */
  async end(): Promise<number> {
    const { state } = await this.#api(`STREAM.INFO.${this.#name}`, {});
    return state?.last_seq ?? 0;
  }

  /** The messages of a subject, which may have wildcards, from a sequence on. */
  async from(subject: string, seq: number, headersOnly = false): Promise<Stored[]> {
    const config = {
      deliver_policy: 'by_start_sequence',
      opt_start_seq: Math.max(seq, 1),
      filter_subject: subject,
      ack_policy: 'none',
      inactive_threshold: PATIENCE_MS * 1_000_000,
      mem_storage: true,
      num_replicas: 1,
      headers_only: headersOnly,
    };
    const created = await this.#api(`CONSUMER.CREATE.${this.#name}`, { stream_name: this.#name, config });
    const found: Stored[] = [];
    for (let left = created.num_pending ?? 0; left > 0;) {
      const batch = Math.min(left, BATCH);
      const fetched = await this.#answer(() => this.#fetch(created.name ?? '', batch));
      found.push(...fetched);
      left = fetched.length < batch ? 0 : left - batch; // the others were purged meanwhile
    }
    this.#connection.publish(`$JS.API.CONSUMER.DELETE.${this.#name}.${created.name}`);
    return found;
  }

  /** Removes the messages of a subject that are below a sequence, or all. */
  async purge(filter: string, below?: number): Promise<void> {
    if (below !== undefined && below <= 1) return; // the server would take it for no limit
    await this.#api(`STREAM.PURGE.${this.#name}`, { filter, ...(below !== undefined && { seq: below }) });
  }

  /**
   * Names the run. Without replicas it is that of the stream's server, because a restart may lose entries that were not written.
   * In a cluster the server is known by its name: one whose name was configured has the same run after a restart.
   */
  async run(): Promise<string> {
    const { created, config, cluster } = await this.#api(`STREAM.INFO.${this.#name}`, {});
    const isReplicated = (config?.num_replicas ?? 1) > 1;
    const { info } = this.#connection;
    // A newer server that stands alone gives its name, too, which may be configured and stay over restarts. A server without
    // JetStream passes the requests on to another one, so only the name of that one is known.
    const own = !cluster?.name && info?.jetstream ? info.server_id : cluster?.leader;
    const server = isReplicated ? '' : own;
    const name = createHash('sha256').update(`${created} ${server}`).digest('base64url').slice(0, 22);
    if (this.#run && this.#run.name !== name) this.#doubts++;
    this.#run = { name, generation: this.generation };
    return name;
  }

  /** The run, as this node has heard it since its server was replaced. */
  async knownRun(): Promise<string> {
    return this.#run?.generation === this.generation ? this.#run.name : this.run();
  }

  async #create(): Promise<void> {
    const { prefix } = this;
    const answer = await this.#request(`STREAM.CREATE.${this.#name}`, {
      name: this.#name,
      subjects: [`${prefix}.log.*`, `${prefix}.snapshot.*`, `${prefix}.part.>`, `${prefix}.body.>`],
      retention: 'limits',
      storage: 'file',
      num_replicas: this.#replicas,
      max_consumers: -1,
      max_msgs: -1,
      max_bytes: -1,
      discard: 'old',
      republish: { src: `${prefix}.log.>`, dest: `${prefix}.revision.>` },
    });
    // Another configuration under this name, perhaps with more replicas, is the user's.
    const ALREADY_THERE = 10058;
    if (answer.error && answer.error.err_code !== ALREADY_THERE) this.#fail(answer);
  }

  async #get(query: object): Promise<Stored | undefined> {
    const { message } = await this.#api(`STREAM.MSG.GET.${this.#name}`, query, [NO_MESSAGE]);
    return message && { seq: message.seq, text: Buffer.from(message.data ?? '', 'base64').toString() };
  }

  async #fetch(consumer: string, batch: number): Promise<Stored[]> {
    const found: Stored[] = [];
    const answers = await this.#connection.requestMany(
      `$JS.API.CONSUMER.MSG.NEXT.${this.#name}.${consumer}`,
      JSON.stringify({ batch, no_wait: true }),
      // An inbox of its own: entries come under their own subjects.
      { strategy: 'count', maxMessages: batch, maxWait: PATIENCE_MS, noMux: true },
    );
    for await (const answer of answers) {
      if (answer.reply?.startsWith('$JS.ACK.'))
        found.push({ seq: sequenceOf(answer), text: answer.string() });
      else if (ENDS.includes(answer.headers?.code)) return found;
      else break;
    }
    // Without a status, the others are missing and not removed.
    if (found.length < batch)
      throw new VeloxError('timeout', 'NATS did not send all messages. Check its load.');
    return found;
  }

  async #api(call: string, body: object, expected: readonly number[] = []): Promise<Answer> {
    for (let tries = 0; ; tries++) {
      await this.#whenReady();
      const answer = await this.#request(call, body);
      const code = answer.error?.err_code;
      if (code === undefined || expected.includes(code)) return answer;
      if (code !== NO_STREAM || tries > 0) this.#fail(answer);
      this.#ready = undefined;
      this.#doubts++;
    }
  }

  async #whenReady(): Promise<void> {
    const ready = (this.#ready ??= this.#create());
    try {
      await ready;
    } catch (error) {
      if (this.#ready === ready) this.#ready = undefined;
      throw error;
    }
  }

  async #request(call: string, body: object): Promise<Answer> {
    const options = { timeout: PATIENCE_MS };
    try {
      const answer = await this.#answer(() =>
        this.#connection.request(`$JS.API.${call}`, JSON.stringify(body), options),
      );
      return JSON.parse(answer.string()) as Answer;
    } catch (error) {
      this.#doubts++;
      throw error;
    }
  }

  #answer<T>(ask: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) throw closed();
      this.#pending.add(reject);
      ask()
        .then(resolve, reject)
        .finally(() => this.#pending.delete(reject));
    });
  }

  #fail({ error }: Answer): never {
    if (error?.code === TEMPORARY) this.#doubts++;
    const text = `NATS refused a request (${error?.err_code}): ${error?.description}. Look at its configuration.`;
    // A cluster without a leader answers like this for some seconds, and may have executed the request anyway.
    throw new VeloxError(error?.code === TEMPORARY ? 'timeout' : 'unavailable', text);
  }
}

const closed = (): VeloxError => new VeloxError('closed', 'the backplane is closed. Make another one.');

/** `$JS.ACK.<stream>.<consumer>.<delivered>.<sequence>.…`; newer servers put a domain and an account first. */
function sequenceOf({ reply = '' }: NatsMessage): number {
  const tokens = reply.split('.');
  return Number(tokens.length > 9 ? tokens[7] : tokens[5]);
}

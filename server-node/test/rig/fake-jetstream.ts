import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NatsConnection, NatsJetStream, NatsMessage } from '@velox/server/nats';

interface Message {
  readonly seq: number;
  readonly subject: string;
  readonly text: string;
}
interface Question {
  readonly last_by_subj?: string;
  readonly next_by_subj?: string;
  readonly seq?: number;
  readonly filter?: string;
  readonly config?: { readonly opt_start_seq: number; readonly filter_subject: string };
}
interface Subscription {
  readonly filter: string;
  readonly callback: (error: Error | null, message: NatsMessage) => void;
  readonly client: FakeNatsClient;
}

/** One server of NATS with JetStream in memory, as far as Velox uses it. Its power cuts lose the messages that they are told to. */
export class FakeNats {
  messages: Message[] = [];
  /** What STREAM.INFO tells beside the time of its creation. A server that stands alone gives its name as that of a leader. */
  info: object = { config: { num_replicas: 1 }, cluster: { leader: 'nats' } };
  /** Whether clients are connected to another server, which passes their requests on. */
  isRemote = false;
  subscriptions: Subscription[] = [];
  readonly consumers = new Map<string, Message[]>();
  #last = 0;
  #starts = 1;

  get serverId(): string {
    return `server ${this.#starts}`;
  }

  connect(): FakeNatsClient {
    return new FakeNatsClient(this);
  }

  /** Returns a power cut that loses all messages from now on. Clients learn of it when they reconnect. */
  save(): () => void {
    const [messages, last] = [[...this.messages], this.#last];
    return () => {
      [this.messages, this.#last] = [messages, last];
      this.#starts++;
    };
  }

  /** @throws `wrong last sequence`. */
  store(subject: string, text: string, expected: number | undefined): number {
    const before = this.messages.findLast((message) => message.subject === subject)?.seq ?? 0;
    if (expected !== undefined && expected !== before)
      throw Object.assign(new Error('wrong last sequence'), { code: 10071 });
    const seq = ++this.#last;
    this.messages.push({ seq, subject, text });
    if (subject.includes('.log.'))
      this.tell(subject.replace('.log.', '.revision.'), text, { 'Nats-Sequence': `${seq}` });
    return seq;
  }

  tell(subject: string, text: string, headers: Record<string, string> = {}): void {
    const message: NatsMessage = {
      subject,
      headers: { code: 0, get: (name) => headers[name] ?? '' },
      string: () => text,
    };
    for (const { filter, callback, client } of this.subscriptions)
      if (client.isConnected && matches(filter, subject)) setImmediate(() => callback(null, message));
  }

  answer(call: string, question: Question): object {
    if (call.startsWith('STREAM.CREATE')) return {};
    if (call.startsWith('STREAM.INFO'))
      return { created: '2026-01-01', state: { last_seq: this.#last }, ...this.info };
    if (call.startsWith('STREAM.PURGE')) {
      const { filter = '', seq = Infinity } = question;
      this.messages = this.messages.filter(
        (message) => message.seq >= seq || !matches(filter, message.subject),
      );
      return {};
    }
    if (call.startsWith('STREAM.MSG.GET')) {
      const { last_by_subj, next_by_subj = '', seq = 0 } = question;
      const found =
        last_by_subj === undefined
          ? this.messages.find((message) => message.seq >= seq && matches(next_by_subj, message.subject))
          : this.messages.findLast(({ subject }) => subject === last_by_subj);
      if (!found) return { error: { code: 404, err_code: 10037, description: 'no message found' } };
      return { message: { ...found, data: Buffer.from(found.text).toString('base64') } };
    }
    if (!call.startsWith('CONSUMER.CREATE')) throw new Error(call);
    const { opt_start_seq = 1, filter_subject = '' } = question.config ?? {};
    const pending = this.messages.filter(
      ({ seq, subject }) => seq >= opt_start_seq && matches(filter_subject, subject),
    );
    const name = `consumer${this.consumers.size}`;
    this.consumers.set(name, pending);
    return { name, num_pending: pending.length };
  }
}

/** One connection to it. While it is cut, requests fail, and appends wait if they are told to. */
export class FakeNatsClient implements NatsConnection {
  isConnected = true;
  /** Whether messages that are published while the connection is cut leave after the reconnect, as the real client does it. */
  isBuffering = false;
  /** Whether requests of the time in which the connection is cut are never answered, as those of the real client. */
  isSilent = false;
  /** Whether a fetch ends before the messages come, as that of the real client after its wait. */
  isSlow = false;
  /** Fails the appends to some subjects. */
  refuses: (subject: string) => boolean = () => false;
  /** Runs before the server takes a message or a request. */
  onSend: (subject: string, text: string) => unknown = () => undefined;
  readonly jetstream: NatsJetStream;
  readonly #nats: FakeNats;
  #waiting: (() => void)[] = [];
  #connected: (() => void)[] = [];

  constructor(nats: FakeNats) {
    this.#nats = nats;
    this.jetstream = {
      publish: async (subject, text, options) => {
        await sleep(1);
        if (!this.isConnected && this.isBuffering)
          await new Promise<void>((resolve) => this.#connected.push(resolve));
        this.#check();
        if (this.refuses(subject)) throw new Error('TIMEOUT');
        await this.onSend(subject, text);
        return { seq: nats.store(subject, text, options?.expect.lastSubjectSequence) };
      },
    };
  }

  get info(): { server_id: string; max_payload: number; jetstream: boolean } {
    const { serverId, isRemote } = this.#nats;
    return {
      server_id: isRemote ? 'gate' : serverId,
      max_payload: 1_048_576,
      jetstream: !isRemote,
    };
  }

  publish(subject: string, text = ''): void {
    if (this.isConnected) this.#nats.tell(subject, text);
  }

  subscribe(filter: string, { callback }: { callback: Subscription['callback'] }): { unsubscribe(): void } {
    const subscription = { filter, callback, client: this };
    this.#nats.subscriptions.push(subscription);
    const others = (each: Subscription): boolean => each !== subscription;
    return { unsubscribe: () => (this.#nats.subscriptions = this.#nats.subscriptions.filter(others)) };
  }

  async request(subject: string, text = '{}'): Promise<NatsMessage> {
    await sleep(1);
    if (!this.isConnected && this.isSilent) await new Promise(() => undefined);
    this.#check();
    await this.onSend(subject, text);
    const answer = JSON.stringify(
      this.#nats.answer(subject.slice('$JS.API.'.length), JSON.parse(text) as Question),
    );
    return { subject, string: () => answer };
  }

  requestMany(subject: string, text: string): Promise<AsyncIterable<NatsMessage>> {
    this.#check();
    const pending = this.#nats.consumers.get(subject.split('.').at(-1) ?? '') ?? [];
    const { batch } = JSON.parse(text) as { batch: number };
    const found = this.isSlow ? [] : pending.splice(0, batch);
    const messages: NatsMessage[] = found.map((message) => ({
      subject: message.subject,
      reply: `$JS.ACK.VELOX.consumer.1.${message.seq}.1.1.0`,
      string: () => message.text,
    }));
    if (!this.isSlow && found.length < batch)
      messages.push({ subject, headers: { code: 404, get: () => '' }, string: () => '' });
    return Promise.resolve(Readable.from(messages) as AsyncIterable<NatsMessage>);
  }

  async flush(): Promise<void> {
    await sleep(1);
    this.#check();
  }

  async *status(): AsyncGenerator<{ readonly type: string }> {
    for (;;) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
      yield { type: 'reconnect' };
    }
  }

  cut(): void {
    this.isConnected = false;
  }

  reconnect(): void {
    this.isConnected = true;
    for (const resume of [...this.#connected.splice(0), ...this.#waiting.splice(0)]) resume();
  }

  #check(): void {
    if (!this.isConnected) throw new Error('TIMEOUT');
  }
}

function matches(filter: string, subject: string): boolean {
  const [parts, tokens] = [filter.split('.'), subject.split('.')];
  const rest = parts.indexOf('>');
  const length = rest === -1 ? parts.length : rest;
  if (rest === -1 ? tokens.length !== length : tokens.length <= length) return false;
  return parts.slice(0, length).every((part, n) => part === '*' || part === tokens[n]);
}

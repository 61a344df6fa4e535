import type { StateFrame } from '@velox/core/protocol';
import { advance, type Document } from '../../../core/src/protocol/document.js';
import { apply } from '../../../core/src/protocol/patch.js';
import { share } from '../../../core/src/protocol/share.js';
import { openLink, type Form, type Link, type Server, type Wanted } from '../leaks/links.js';
import type { Row } from './database.js';
import { keysOf, type Team, type Truth, type Viewer } from './truth.js';

/** A client's copy of a topic. */
interface Copy {
  document?: Document | undefined;
  proof?: string | undefined;
  /** The code of the reason why it may be outdated. */
  stale?: string | undefined;
  isDenied?: boolean;
  /** The greatest number that the row had here. */
  highest: number;
}

/** The traces of a client: its session and positions. */
export interface Traces {
  readonly session: string | undefined;
  readonly lastEventId: string | undefined;
  readonly positions: ReadonlyMap<string, Wanted>;
}

/** The links over which a client can subscribe more than one topic. */
const canSend = (form: Form): boolean => form !== 'get' && form !== 'version-2';

/** One client. It searches each text that it is sent for secrets, and follows its topics by the protocol. */
export class RowClient {
  readonly name: string;
  readonly copies = new Map<string, Copy>();
  readonly etags = new Map<string, string>();
  form: Form;
  isOpen = false;
  /** How many links it has opened. */
  links = 0;
  viewer: Viewer;
  /** The rights before this step: what was under way may still arrive. */
  #former: Viewer | undefined;
  #session: string | undefined;
  /** The subscriptions that wait for the link. */
  #pending: Wanted[] = [];
  #link: Link | undefined;
  readonly #server: Server;
  readonly #truth: Truth;
  readonly #onViolation: (what: string) => void;

  constructor(
    name: string,
    viewer: Viewer,
    form: Form,
    server: Server,
    truth: Truth,
    onViolation: (what: string) => void,
  ) {
    this.name = name;
    this.viewer = viewer;
    this.form = form;
    this.#server = server;
    this.#truth = truth;
    this.#onViolation = onViolation;
  }

  get canSend(): boolean {
    return canSend(this.form);
  }

  get traces(): Traces {
    const positions = new Map([...this.copies.keys()].map((topic) => [topic, this.wanted(topic)]));
    return { session: this.#session, lastEventId: undefined, positions };
  }

  get session(): ReturnType<Link['session']> {
    return this.#link?.session();
  }

  /** The subscription of a topic from the client's position. */
  wanted(topic: string): Wanted {
    const { document, proof } = this.copies.get(topic) ?? {};
    return { topic, ...(document && { id: document.id, version: document.version, proof }) };
  }

  /** Opens a link, in place of a former one, from some traces. */
  open(form: Form, topics: readonly string[], { session, positions }: Partial<Traces> = {}): void {
    this.close();
    this.form = form;
    this.links++;
    this.isOpen = true;
    const [first = 'items/1', ...others] = canSend(form) ? topics : topics.slice(0, 1);
    const former = new Map(this.copies);
    this.copies.clear();
    for (const topic of [first, ...others]) {
      const { document, highest = 0 } = former.get(topic) ?? {};
      const isKept = document?.id !== undefined && document.id === positions?.get(topic)?.id;
      this.copies.set(topic, { highest, ...(isKept && { document }) });
    }
    let link: Link | undefined = undefined;
    link = openLink(this.#server, {
      form,
      name: this.name,
      session,
      wanted: positions?.get(first) ?? { topic: first },
      take: (texts, frames) => {
        if (link !== undefined && link !== this.#link) return;
        for (const text of texts) this.check(text);
        if (form !== 'version-2') for (const frame of frames) this.#follow(frame);
      },
      fail: (error) => {
        if (link === this.#link) this.#onViolation(`${this.name} over ${form} cannot read: ${String(error)}`);
      },
    });
    this.#link = link;
    this.#pending = others.map((topic) => positions?.get(topic) ?? { topic });
    this.#flush();
  }

  /** Subscribes the other topics as soon as the link takes frames: an event stream and polling need a session for it. */
  #flush(): void {
    if (this.#pending.length === 0) return;
    const isReady = this.form === 'websocket' || this.form === 'deflate' || this.#session !== undefined;
    if (!isReady || !this.isOpen) return;
    const subscribe = this.#pending.splice(0) as { topic: string }[];
    this.#link?.send({ subscribe });
  }

  /** The rights of the client are others from now on; what is under way may still be of the former ones. */
  change(viewer: Viewer): void {
    this.#former ??= this.viewer;
    for (const key of keysOf(viewer)) {
      const since = keysOf(this.viewer).includes(key) ? (this.viewer.since.get(key) ?? 0) : this.#truth.now;
      viewer.since.set(key, since);
    }
    // The rows of another team have numbers of their own.
    if (viewer.team !== this.viewer.team)
      for (const [topic, copy] of this.copies) if (topic.startsWith('prices/')) copy.highest = 0;
    this.viewer = viewer;
  }

  /** All that was under way has ended. */
  settle(): void {
    this.#former = undefined;
  }

  /** Sends a token for another team. */
  authenticate(team: Team): void {
    this.#link?.send({ auth: `${this.name}~${team}~${this.links}` });
  }

  subscribe(wanted: Wanted): void {
    const { topic } = wanted;
    const copy = this.copies.get(topic);
    if (copy) this.#link?.send({ unsubscribe: [topic] });
    const document = wanted.id !== undefined && copy?.document?.id === wanted.id ? copy.document : undefined;
    this.copies.set(topic, { highest: copy?.highest ?? 0, document });
    this.#pending.push(wanted);
    this.#flush();
  }

  unsubscribe(topic: string): void {
    if (!this.copies.delete(topic)) return;
    this.#pending = this.#pending.filter((wanted) => wanted.topic !== topic);
    this.#link?.send({ unsubscribe: [topic] });
  }

  poll(): void {
    this.#link?.poll();
    this.#flush();
  }

  close(): void {
    this.isOpen = false;
    this.#pending = [];
    this.#session = undefined;
    this.#link?.close();
    this.#link = undefined;
  }

  /** The rights of this step. */
  get viewers(): readonly Viewer[] {
    return this.#former ? [this.viewer, this.#former] : [this.viewer];
  }

  /** Searches a text; `viewers`: the rights of the client when it asked. */
  check(text: string, viewers = this.viewers): void {
    const leak = this.#truth.leakIn(text, viewers);
    if (leak) this.#onViolation(`${this.title} was sent ${leak}: ${text.slice(0, 200)}`);
  }

  /** The client and its rights, as a text. */
  get title(): string {
    const { identity, team, isMember, floor } = this.viewer;
    return `${this.name} (${identity}, ${team}, ${isMember ? 'member' : 'no member'}, after ${floor}, ${this.form})`;
  }

  #follow(text: string): void {
    const frame = JSON.parse(text) as StateFrame & Record<string, unknown>;
    if ('hello' in frame) {
      this.#session = (frame.hello as { session: string }).session;
      this.#flush();
    }
    const denied = frame.denied as string | undefined;
    const copy = this.copies.get(denied ?? frame.topic ?? '');
    if (!copy || 'for' in frame) return;
    if (denied !== undefined)
      return void Object.assign(copy, { isDenied: true, stale: undefined, highest: 0 });
    if (typeof frame.stale === 'string') copy.stale = frame.stale;
    if (frame.version === undefined) return;
    copy.isDenied = false;
    copy.stale = undefined;
    if (typeof frame.proof === 'string') copy.proof = frame.proof;
    this.#step(copy, frame);
  }

  #step(copy: Copy, frame: StateFrame): void {
    let next: Document | 'gap' = 'gap';
    try {
      next = advance(copy.document, frame, { apply, share });
    } catch {
      // A client that borrowed a position has no value that the delta fits.
    }
    if (next === 'gap') {
      copy.document = undefined;
      const topic = frame.topic as string;
      if (canSend(this.form)) this.subscribe({ topic });
      else this.open(this.form, [topic]);
      return;
    }
    copy.document = next;
    const { n } = next.value as Row;
    if (n < copy.highest)
      this.#onViolation(
        `${this.title} has ${frame.topic} ${n} after ${copy.highest}: ${JSON.stringify(frame)}`,
      );
    copy.highest = Math.max(n, copy.highest);
  }
}

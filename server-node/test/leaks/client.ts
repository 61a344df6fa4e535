import type { StateFrame } from '@velox/core/protocol';
import { advance, type Document } from '../../../core/src/protocol/document.js';
import { apply } from '../../../core/src/protocol/patch.js';
import { share } from '../../../core/src/protocol/share.js';
import { openLink, type Form, type Link, type Server, type Wanted } from './links.js';
import type { Role, Truth } from './truth.js';

/** The traces of a client: its positions in the topic. */
export interface Traces {
  readonly role: Role;
  readonly session: string | undefined;
  readonly wanted: Wanted;
  readonly lastEventId: string | undefined;
  readonly etag: string | undefined;
}

/** One client with one link. It checks each text that it is sent, and follows the value by the protocol. */
export class LeakClient {
  readonly name: string;
  role: Role;
  form: Form;
  etag: string | undefined;
  document: Document | undefined;
  isStale = false;
  #proof: string | undefined;
  /** Where the client was last in each role that it has lost. */
  readonly #lost = new Map<Role, Wanted>();
  #session: string | undefined;
  #lastEventId: string | undefined;
  #link: Link | undefined;
  readonly #server: Server;
  readonly #truth: Truth;
  readonly #onViolation: (what: string) => void;

  constructor(
    name: string,
    role: Role,
    form: Form,
    server: Server,
    truth: Truth,
    onViolation: (what: string) => void,
  ) {
    this.name = name;
    this.role = role;
    this.form = form;
    this.#server = server;
    this.#truth = truth;
    this.#onViolation = onViolation;
  }

  get traces(): Traces {
    const { id, version } = this.document ?? {};
    const wanted = { topic: 'game', ...(id && { id, version, proof: this.#proof }) };
    return {
      role: this.role,
      session: this.#session,
      wanted,
      lastEventId: this.#lastEventId,
      etag: this.etag,
    };
  }

  get session(): ReturnType<Link['session']> {
    return this.#link?.session();
  }

  /** Opens a link, in place of a former one. What it knows of the topic comes from `traces`. */
  open(form: Form, { session, wanted, lastEventId }: Partial<Traces> = {}): void {
    this.#link?.close();
    this.form = form;
    this.#truth.grant(this.name, this.role);
    let link: Link | undefined = undefined;
    const isCurrent = (): boolean => link === undefined || link === this.#link;
    link = openLink(this.#server, {
      form,
      name: this.name,
      session,
      wanted: wanted ?? { topic: 'game' },
      lastEventId,
      take: (texts, frames) => {
        if (!isCurrent()) return;
        for (const text of texts) this.check(text);
        if (form !== 'version-2') for (const frame of frames) this.#follow(frame);
      },
      fail: (error) =>
        isCurrent() && this.#onViolation(`${this.name} over ${form} cannot read: ${String(error)}`),
    });
    this.#link = link;
  }

  /** The server has been asked for the role of the client again. */
  change(role: Role): void {
    if (role !== this.role) this.#lost.set(this.role, this.traces.wanted);
    this.role = role;
    this.#truth.grant(this.name, role);
  }

  authenticate(): void {
    this.#link?.send({ auth: this.name });
  }

  resubscribe(wanted: Wanted): void {
    this.#link?.send({ unsubscribe: ['game'] });
    this.document = wanted.id === this.document?.id ? this.document : undefined;
    this.#link?.send({ subscribe: [wanted as { topic: string }] });
  }

  /** Subscribes from the position that it had when it lost the role that it has again. */
  replay(): void {
    const wanted = this.#lost.get(this.role);
    if (wanted) this.resubscribe(wanted);
  }

  poll(): void {
    this.#link?.poll();
  }

  close(): void {
    this.#link?.close();
    this.#link = undefined;
  }

  check(text: string): void {
    const leak = this.#truth.leakIn(text, this.name);
    if (leak)
      this.#onViolation(`${this.name} (${this.role}, ${this.form}) was sent ${leak}: ${text.slice(0, 200)}`);
  }

  #follow(text: string): void {
    const frame = JSON.parse(text) as StateFrame & Record<string, unknown>;
    if ('hello' in frame) this.#session = (frame.hello as { session: string }).session;
    if ('stale' in frame) this.isStale = true;
    if (frame.version === undefined) return;
    this.isStale = false;
    if (typeof frame.proof === 'string') this.#proof = frame.proof;
    try {
      const next = advance(this.document, frame, { apply, share });
      // A client that lied about its position would ask again.
      this.document = next === 'gap' ? undefined : next;
    } catch {
      this.document = undefined;
    }
  }
}

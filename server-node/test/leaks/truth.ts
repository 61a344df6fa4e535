/** The roles that a client can have, and the audiences of the topic. */
export const ROLES: readonly ['red', 'blue', 'green'] = ['red', 'blue', 'green'];
export type Role = (typeof ROLES)[number];

/** A row with a secret for one role. */
export interface Row {
  id: number;
  owner: Role;
  secret: string;
  /** Makes frames long enough to be compressed. */
  note: string;
}

export interface Value {
  round: number;
  rows: Row[];
}

/** All secrets begin and end so, and each is unique. */
const SECRET = /secret-\w+-end/g;

/** When a role could see a secret, in steps, both included. */
interface Span {
  readonly role: Role;
  readonly from: number;
  to: number;
}

/** The secrets that each client may see at each step. */
export class Truth {
  /** The step that is under way. */
  now = 0;
  #count = 0;
  readonly #spans = new Map<string, Span[]>();
  /** Since which step a client has had a role without the server noticing that it lost it. */
  readonly #since = new Map<string, number>();
  /** The roles of each client in this step: two while it changes. */
  readonly #roles = new Map<string, Set<Role>>();

  /** Draws a text that no other secret has. */
  createSecret(random: () => number): string {
    return `secret-${(this.#count++).toString(36)}x${Math.floor(random() * 2 ** 50).toString(36)}-end`;
  }

  /** Notes which secrets each role can see from now on. */
  expose(rows: readonly Row[]): void {
    const visible = new Map(rows.map(({ secret, owner }) => [secret, owner]));
    for (const [secret, spans] of this.#spans) {
      const last = spans.at(-1) as Span;
      if (last.to === Infinity && visible.get(secret) !== last.role) last.to = this.now;
    }
    for (const [secret, role] of visible) {
      const spans = this.#spans.get(secret) ?? [];
      if (spans.at(-1)?.to !== Infinity) spans.push({ role, from: this.now, to: Infinity });
      this.#spans.set(secret, spans);
    }
  }

  /** The server knows from this step on that a client has a role. */
  grant(client: string, role: Role): void {
    const roles = this.#roles.get(client);
    for (const former of roles ?? []) if (former !== role) this.#since.delete(`${client} ${former}`);
    this.#roles.set(client, new Set([...(roles ?? [])].filter((each) => each !== role).concat(role)));
    const key = `${client} ${role}`;
    if (!this.#since.has(key)) this.#since.set(key, this.now);
  }

  /** Clients that share their proofs share their rights. */
  share(client: string, role: Role): void {
    this.#since.set(`${client} ${role}`, 0);
  }

  /** All that was under way has ended: a client has the role alone that it was given last. */
  next(): void {
    this.now++;
    for (const [client, roles] of this.#roles) this.#roles.set(client, new Set([...roles].slice(-1)));
  }

  /** The first secret in a text that a client may not see now. */
  leakIn(text: string, client: string): string | undefined {
    return [...text.matchAll(SECRET)]
      .map(([secret]) => secret)
      .find((secret) => !this.#maySee(client, secret));
  }

  #maySee(client: string, secret: string): boolean {
    const roles = this.#roles.get(client) ?? new Set<Role>();
    return (this.#spans.get(secret) ?? []).some(({ role, to }) => {
      // A role that is being lost has no `since` any more, and still counts in this step.
      const since = this.#since.get(`${client} ${role}`) ?? this.now;
      return roles.has(role) && to >= since;
    });
  }
}

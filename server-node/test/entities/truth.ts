/** Teams of clients; each has prices of its own. */
export const TEAMS: readonly ['red', 'blue', 'green'] = ['red', 'blue', 'green'];
export type Team = (typeof TEAMS)[number];

/** The topics of a run, by entity. */
export const TOPICS: readonly string[] = [
  'items/1', // for everyone; each brings a user along
  'items/2',
  'items/3',
  'users/1', // canSubscribe excludes clients
  'users/2',
  'notes/1', // for each identity
  'notes/2',
  'prices/1', // for each team
  'prices/2',
];

/** The user that is read along with an item. */
export const userOf = (item: string): string => `users/${1 + (Number(item.at(-1)) % 2)}`;

/** All secrets begin and end so, and each is unique. */
const SECRET = /secret-\w+-end/g;

/** A text inside a row that only some clients may see. */
interface Secret {
  readonly text: string;
  readonly topic: string;
  /** The key that a client must have: a team, an identity, or `member`. */
  readonly key: string;
  /** The number of the context with which the row of an identity was fetched; Infinity: the application put it. */
  readonly serial: number;
  /** The step at which a client was sent a newer secret of the same row. */
  replaced?: number;
}

/** The rights of a client. */
export interface Viewer {
  readonly identity: string;
  team: Team;
  /** Whether it may see users. */
  isMember: boolean;
  /** Contexts with a higher number are as new as the session's, or newer. */
  floor: number;
  /** Since which step it has a key without interruption. */
  readonly since: Map<string, number>;
}

/** The keys of a viewer. */
export const keysOf = ({ identity, team, isMember }: Viewer): string[] => [
  identity,
  team,
  ...(isMember ? ['member'] : []),
];

/** The secrets of a run, and which clients may see them. */
export class Truth {
  /** The step that is under way. */
  now = 0;
  readonly #byText = new Map<string, Secret>();
  /** The secrets of each row and key, in the order of their creation. */
  readonly #byRow = new Map<string, Secret[]>();

  /** Creates a secret that no row had before. */
  create(topic: string, key: string, serial: number): string {
    const text = `secret-${this.#byText.size.toString(36)}x${topic.replace('/', '')}-end`;
    const secret: Secret = { text, topic, key, serial };
    this.#byText.set(text, secret);
    const row = `${topic} ${key}`;
    this.#byRow.set(row, [...(this.#byRow.get(row) ?? []), secret]);
    return text;
  }

  /** Returns the first secret in a text that a client may not see; `former`: its rights before this step. */
  leakIn(text: string, viewers: readonly Viewer[]): string | undefined {
    for (const [found] of text.matchAll(SECRET)) {
      const secret = this.#byText.get(found);
      if (!secret || !viewers.some((viewer) => maySee(viewer, secret))) return JSON.stringify(secret);
      this.#replaceBefore(secret);
    }
    return undefined;
  }

  /** Once a secret was sent, no former secret of the row may be sent to a client that comes later. */
  #replaceBefore(secret: Secret): void {
    for (const former of this.#byRow.get(`${secret.topic} ${secret.key}`) ?? []) {
      if (former === secret) return;
      former.replaced ??= this.now;
    }
  }
}

function maySee(viewer: Viewer, { key, serial, replaced }: Secret): boolean {
  if (!keysOf(viewer).includes(key)) return false;
  if (key === viewer.identity) return serial > viewer.floor;
  return replaced === undefined || replaced >= (viewer.since.get(key) ?? 0);
}

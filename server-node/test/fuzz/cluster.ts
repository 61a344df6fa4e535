import { memory } from '../../src/backplanes/memory/index.js';
import type { Backplane } from '../../src/backplane.js';
import type { Revision } from '../../src/cluster/log.js';
import type { Hub } from '../../src/index.js';

/** An engine through which anything can be said to a node. */
export class Cluster {
  readonly backplane: Backplane = memory();
  /** The subjects that the node hears. */
  readonly #subjects = new Set<string>();
  readonly #followers = new Map<string, (revision: Revision) => void>();
  /** Snapshots that the log has for topics, in place of those that nodes bring. */
  readonly #snapshots = new Map<string, string>();
  #topics = 0;

  constructor() {
    const { log, bus } = this.backplane;
    const subscribe = bus.subscribe.bind(bus);
    const follow = log.follow.bind(log);
    const open = log.open.bind(log);
    bus.subscribe = (subject, ...rest) => {
      this.#subjects.add(subject);
      return subscribe(subject, ...rest);
    };
    log.follow = (topic, onRevision, ...rest) => {
      this.#followers.set(topic, onRevision);
      return follow(topic, onRevision, ...rest);
    };
    log.open = (topic, initial, from) => open(topic, this.#snapshots.get(topic) ?? initial, from);
  }

  get subjects(): readonly string[] {
    return [...this.#subjects];
  }

  get node(): string {
    return this.subjects.map((subject) => /^velox node (.*)$/.exec(subject)?.[1]).find(Boolean) ?? '';
  }

  /** Shares a topic of its own, whose log begins with a snapshot. Returns its name. */
  share(hub: Hub, snapshot: string | undefined): string {
    const topic = `shared ${this.#topics++}`;
    if (snapshot !== undefined) this.#snapshots.set(topic, snapshot);
    hub.shared(topic, { list: [1, 2], map: { a: 1 } });
    return topic;
  }

  unshare(hub: Hub, topic: string): void {
    this.#snapshots.delete(topic);
    this.#followers.delete(topic);
    hub.remove(topic);
  }

  /** Says a revision to the node, as an engine does. */
  tell(topic: string, revision: Revision): void {
    this.#followers.get(topic)?.(revision);
  }
}

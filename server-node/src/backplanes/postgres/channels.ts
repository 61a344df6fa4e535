import { topicKey } from '../../cluster/topic-key.js';

/** The name of a channel has at most 63 bytes. */
const NAME_LENGTH = 63;
/** What `prefix` may be: with it, the shortest hash of a topic still fits. */
export const PREFIX: RegExp = /^[\w-]{1,13}$/;
export const DEFAULT_PREFIX = 'velox';

/** The names of the channels of one application. All schemas of a database share the channels. */
export class Channels {
  readonly #log: string;
  readonly #bus: string;

  constructor(prefix: string) {
    this.#log = `${prefix}:`;
    this.#bus = `${prefix}:bus:`;
  }

  /** The channel of a key of the log. */
  ofKey(key: string): string {
    const room = NAME_LENGTH - this.#log.length;
    return `${this.#log}${key.length <= room ? key : topicKey(key, room)}`;
  }

  ofSubject(subject: string): string {
    return `${this.#bus}${topicKey(subject, NAME_LENGTH - this.#bus.length)}`;
  }

  isBus(channel: string): boolean {
    return channel.startsWith(this.#bus);
  }
}

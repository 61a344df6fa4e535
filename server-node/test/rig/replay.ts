import { isContainer, patched } from './documents.js';
import type { Frame } from './raw-client.js';

/** The value of a topic at each of its versions, as JSON text. */
export type Past = Map<number, string>;

/** A client that takes state frames as they come, and tells of each that does not lead to what the topic was. */
export class Replay {
  /** How many state frames it has taken. */
  count = 0;
  readonly #values = new Map<string, unknown>();
  readonly #versions = new Map<string, number>();

  /** @throws Error for a frame that differs from the sent frame */
  take(frame: Frame, pastOf: (topic: string) => Past): void {
    const {
      version,
      topic = '',
      delta,
      from,
      body,
    } = frame as {
      version?: number;
      topic?: string;
      delta?: true;
      from?: number;
      body?: unknown;
    };
    if (version === undefined) return;
    this.count++;
    const known = this.#versions.get(topic);
    if (delta && known !== (from ?? version - 1)) throw new Error(`a gap: ${JSON.stringify(frame)}`);
    if (delta) this.#values.set(topic, patched(this.#values.get(topic), JSON.stringify(body)));
    else if (isContainer(body)) this.#values.set(topic, body);
    this.#versions.set(topic, version);
    const sent = pastOf(topic).get(version);
    const got = JSON.stringify(this.#values.get(topic));
    if (got !== sent) throw new Error(`of ${topic} ${version} arrived ${got}, and not ${sent}`);
  }

  forget(topic: string): void {
    this.#values.delete(topic);
    this.#versions.delete(topic);
  }

  versionOf(topic: string): number | undefined {
    return this.#versions.get(topic);
  }
}

import type { Position } from '@velox/core/protocol';
import { Message } from './message.js';
import type { State } from './state.js';

/** What sessions get of one topic: each message is made once and shared by all that are at the same place. */
export class Broadcast {
  readonly topic: string;
  readonly state: State<unknown>;
  /** Ends the subscription to the state. */
  end: () => void = () => undefined;
  readonly #prefix: string;
  readonly #longest: number;
  /** Of the current version: by the version that a session has (0: none) and whether it needs the id. */
  readonly #messages = new Map<string, Message>();
  #version = 0;

  /** @param longest the longest patch that is sent, in bytes */
  constructor(topic: string, state: State<unknown>, longest: number) {
    this.#longest = longest;
    this.topic = topic;
    this.state = state;
    this.#prefix = topic === '' ? '{' : `{"topic":${JSON.stringify(topic)},`;
  }

  /** The version up to which a client with this position is served by a delta; 0 when it needs a snapshot. */
  resume(known: Position | undefined): number {
    const { id, version } = this.state.position();
    return known?.id === id && known.version <= version ? known.version : 0;
  }

  /**
   * What brings a session from version `from` (0: it has nothing) to now: the smaller of snapshot and delta.
   *
   * @param first whether it is the topic's first state frame on this link, which carries the id
   */
  message(from: number, first: boolean): Message {
    const position = this.state.position();
    if (position.version !== this.#version) {
      this.#version = position.version;
      this.#messages.clear();
    }
    const key = `${from}${first ? '+' : ''}`;
    let message = this.#messages.get(key);
    if (!message) this.#messages.set(key, (message = this.#encode(from, first, position)));
    return message;
  }

  #encode(from: number, first: boolean, { id, version }: Position): Message {
    const named = `${this.#prefix}"id":"${id}","version":${version}`;
    if (from === version) return new Message(`${named}}`, { id, version });
    const patch = from === 0 ? undefined : this.state.since(from);
    if (patch === undefined || Buffer.byteLength(patch) > this.#longest) return this.#snapshot();
    const head = first ? named : `${this.#prefix}"version":${version}`;
    const since = from === version - 1 ? '' : `,"from":${from}`;
    const delta = new Message(`${head},"delta":true${since},"body":${patch}}`, { id, version });
    // The exact comparison costs a snapshot's text: only where the patch is long enough to pay for it.
    if (patch.length <= this.state.size / 2) return delta;
    const snapshot = this.#snapshot();
    return delta.size < snapshot.size ? delta : snapshot;
  }

  #snapshot(): Message {
    const cached = this.#messages.get('0+');
    if (cached) return cached;
    const { id, version } = this.state.position();
    const message = new Message(
      `${this.#prefix}"id":"${id}","version":${version},"body":${this.state.text()}}`,
      { id, version },
    );
    this.#messages.set('0+', message);
    return message;
  }
}

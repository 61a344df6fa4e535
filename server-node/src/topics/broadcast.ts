import type { Budget, Position } from '@velox/core/protocol';
import { Message, message } from '../wire/message.js';
import { SharedWindow } from '../wire/shared-window.js';
import type { State } from '../state/state.js';

/** From so many sessions on, a window is worth the memory of what was sent. */
const CROWD = 8;

export interface BroadcastOptions {
  /** The longest patch that is sent, in bytes. */
  readonly longest: number;
  /** Whether what is sent may be compressed. */
  readonly isCompressible: boolean;
  /** How many sessions want the topic. */
  readonly crowd: () => number;
}

/** What sessions get of one topic: each message is made once and shared by all that are at the same place. */
export class Broadcast {
  readonly topic: string;
  readonly state: State<unknown>;
  /** Ends the subscription to the state. */
  end: () => void = () => undefined;
  readonly #prefix: string;
  readonly #options: BroadcastOptions;
  /** Where the topic is, the same object for all: its messages are of this version. */
  #position: Position;
  /** By the version that a session has (0: none) and whether it needs the id. */
  readonly #messages = new Map<string, Message>();
  /** Among them, what nearly all get: the step from the version before. */
  #step: Message | undefined;
  #window: SharedWindow | undefined;
  #check: Message | undefined;

  constructor(topic: string, state: State<unknown>, options: BroadcastOptions) {
    this.#options = options;
    this.topic = topic;
    this.state = state;
    this.#position = state.position();
    this.#prefix = topic === '' ? '{' : `{"topic":${JSON.stringify(topic)},`;
  }

  /** Where the topic is now. Flushes. */
  get position(): Position {
    const position = this.state.position();
    if (position.version !== this.#position.version) {
      this.#position = position;
      this.#messages.clear();
      this.#step = this.#check = undefined;
    }
    return this.#position;
  }

  /** The version up to which a client with this position is served by a delta; 0 when it needs a snapshot. */
  resume(known: Position | undefined): number {
    const { id, version } = this.position;
    return known?.id === id && known.version <= version ? known.version : 0;
  }

  /**
   * What brings a session from version `from` (0: it has nothing) to now: the smaller of snapshot and delta.
   *
   * @param first whether it is the topic's first state frame on this link, which carries the id
   */
  message(from: number, first: boolean): Message {
    const { position } = this;
    if (!first && from === position.version - 1)
      return (this.#step ??= this.#encode(from, first, position, this.#shared()));
    const key = `${from}${first ? '+' : ''}`;
    let message = this.#messages.get(key);
    if (!message) this.#messages.set(key, (message = this.#encode(from, first, position)));
    return message;
  }

  /** The hash of the value, for those that have its newest version; undefined where the budget did not do. */
  check(known: Position | undefined, budget: Budget): Message | undefined {
    if (known !== this.position) return undefined;
    const check = this.#check ? undefined : this.state.hash(budget);
    if (check !== undefined)
      this.#check = message({ check, at: known.version, topic: this.topic || undefined });
    return this.#check;
  }

  #shared(): SharedWindow | undefined {
    const isShared = this.#options.isCompressible && this.#options.crowd() >= CROWD;
    return (this.#window = isShared ? (this.#window ?? new SharedWindow()) : undefined);
  }

  #encode(from: number, first: boolean, position: Position, window?: SharedWindow): Message {
    const { isCompressible, longest } = this.#options;
    const { id, version } = position;
    const named = `${this.#prefix}"id":"${id}","version":${version}`;
    if (from === version) return new Message(`${named}}`, { position });
    const patch = from === 0 ? undefined : this.state.since(from);
    if (patch === undefined || Buffer.byteLength(patch) > longest) return this.#snapshot();
    const head = first ? named : `${this.#prefix}"version":${version}`;
    const since = from === version - 1 ? '' : `,"from":${from}`;
    const delta = new Message(`${head},"delta":true${since},"body":${patch}}`, {
      position,
      isCompressible,
      window,
    });
    // The exact comparison costs a snapshot's text: only where the patch is long enough to pay for it.
    if (Buffer.byteLength(patch) <= this.state.size / 2) return delta;
    const snapshot = this.#snapshot();
    return delta.size < snapshot.size ? delta : snapshot;
  }

  #snapshot(): Message {
    const cached = this.#messages.get('0+');
    if (cached) return cached;
    const { position } = this;
    const { id, version } = position;
    const message = new Message(
      `${this.#prefix}"id":"${id}","version":${version},"body":${this.state.text()}}`,
      { position, isCompressible: this.#options.isCompressible },
    );
    this.#messages.set('0+', message);
    return message;
  }
}

import type { Budget, Position } from '@velox/core/protocol';
import type { Versioned } from '../state/versioned.js';
import { Message, message } from '../wire/message.js';
import { SharedWindow } from '../wire/shared-window.js';
import { EncodedMessages } from './encoded-messages.js';
import type { Proofs } from './proofs.js';
import type { Resting } from './resting.js';

/** With at least so many subscribers, a shared window of compression is worth the memory of its messages. */
const CROWD = 8;

/** `!`, which no random id has. */
const MARK = 33;

/** The longest id that a client may name in `subscribe`. */
const LONGEST_ID = 100;

/** More cached messages than this stay while no client receives them, in bytes. */
const LONG_BYTES = 16 * 1024;

export interface StateFramesOptions {
  /** The longest delta, in bytes. */
  readonly longest: number;
  /** Whether the frames may be compressed. */
  readonly isCompressible: boolean;
  /** Proves versions to the hub itself, if it asks for rights. */
  readonly proofs?: Proofs | undefined;
  /** Lets the frames rest that no client has received for some seconds. */
  readonly resting: Resting;
}

/** The state frames of one topic's value. Each is encoded once and shared by all clients at the same position. */
export class StateFrames {
  readonly #topic: string;
  readonly #versioned: Versioned;
  readonly #options: StateFramesOptions;
  /** The position of all cached messages, the same object until it changes. */
  #position: Position;
  /** Follows the id of the value since it was seen to lose revisions. */
  #loss = '';
  #cache: EncodedMessages | undefined;
  #window: SharedWindow | undefined;

  constructor(topic: string, versioned: Versioned, options: StateFramesOptions) {
    this.#topic = topic;
    this.#versioned = versioned;
    this.#options = options;
    this.#position = versioned.position();
  }

  /** The id of the epoch that was seen last. */
  get epoch(): string {
    return this.#position.id;
  }

  /** The position of the value now. Flushes. */
  get position(): Position {
    const { id, version } = this.#versioned.position();
    const former = this.#position;
    if (version !== former.version || id + this.#loss !== former.id) {
      // Versions must never go back under an id.
      if (id + this.#loss !== former.id) this.#loss = '';
      else if (version < former.version) this.#loss = `!${Math.random().toString(36).slice(2, 8)}`;
      this.#position = { id: id + this.#loss, version };
      this.#cache = undefined;
    }
    return this.#position;
  }

  /**
   * The id under which a client with a position receives the value. A client that is ahead of the server gets an id of its own: under the
   * one that it has, it would ignore everything up to its version.
   */
  idFor(known: Position | undefined): string {
    const { id, version } = this.position;
    if (!known || !isEpochOf(known.id, id)) return id;
    if (known.version <= version) return known.id;
    return known.id.length < LONGEST_ID ? `${known.id}!` : id;
  }

  /**
   * The id under which a client receives the value after the value was seen to lose its position, which a later broadcast may not know:
   * another value may have the same position by then. Undefined if it was not lost.
   */
  idAfterLoss(known: Position): string | undefined {
    const isLost = !isEpochOf(known.id, this.epoch) && epochOf(known.id) === epochOf(this.epoch);
    return isLost ? `${known.id.slice(0, LONGEST_ID)}!` : undefined;
  }

  /**
   * The frame that takes a client from version `from` (0: it has nothing) to now: the smaller of snapshot and delta.
   *
   * @param id see `idFor`
   * @param isFirst whether it is the topic's first state frame on this link, which carries the id
   * @param crowd how many members the topic has
   */
  message(id: string, from: number, isFirst: boolean, crowd: number): Message {
    const { position } = this;
    const encoded = this.#encoded;
    const isOwn = id !== position.id;
    if (!isFirst && !isOwn && from > 0 && from === position.version - 1)
      return (encoded.step ??= this.#encode(position, from, false, this.#windowFor(crowd)));
    // All clients without a value of their own get the same snapshot.
    if (from === 0 && !isOwn && encoded.whole) return encoded.whole;
    const key = `${isOwn ? id : ''} ${from}${isFirst ? '+' : ''}`;
    return encoded.get(key, () =>
      this.#encode(isOwn ? { id, version: position.version } : position, from, isFirst),
    );
  }

  /** The snapshot for a client that did not ask for the topic, in the write of the topic `parent`. */
  seed(parent: string): Message {
    const { position } = this;
    return this.#encoded.get(`for ${parent}`, () => {
      const { text } = this.#snapshot(position);
      return new Message(`${text.slice(0, -1)},"for":${JSON.stringify(parent)}}`);
    });
  }

  /** The hash of the value, for a client that has its newest version; undefined if the budget was too small. */
  check(known: Position | undefined, budget: Budget): Message | undefined {
    const { id, version } = this.position;
    if (known?.version !== version || !isEpochOf(known.id, id)) return undefined;
    const encoded = this.#encoded;
    const check = encoded.check ? undefined : this.#versioned.hash(budget);
    if (check !== undefined) encoded.check = message({ check, at: version, topic: this.#topic || undefined });
    return encoded.check;
  }

  /** The frame that says why the value may be outdated. */
  stale(reason: string): Message {
    return this.#encoded.get(`stale ${reason}`, () => staleFrame(this.#topic, reason));
  }

  /**
   * Releases the messages that can be encoded again, if no client has received anything since the last call. Long messages stay: they cost
   * more time than memory.
   *
   * @returns whether it need not be called again until the next message
   */
  rest(): boolean {
    if (this.#cache?.wasUsed()) return false;
    if (this.#cache && this.#cache.size > LONG_BYTES) return true;
    this.#cache = undefined;
    this.#versioned.rest?.();
    return true;
  }

  /** The messages of the present position. Those from before rights were withdrawn would carry proofs that are void. */
  get #encoded(): EncodedMessages {
    const generation = this.#options.proofs?.generation(this.#topic, this.#position.id) ?? 0;
    if (this.#cache?.generation !== generation) {
      this.#cache = new EncodedMessages(generation);
      this.#options.resting.add(this);
    }
    this.#cache.use();
    return this.#cache;
  }

  get #prefix(): string {
    return this.#topic === '' ? '{' : `{"topic":${JSON.stringify(this.#topic)},`;
  }

  #windowFor(crowd: number): SharedWindow | undefined {
    const isShared = this.#options.isCompressible && crowd >= CROWD;
    return (this.#window = isShared ? (this.#window ?? new SharedWindow()) : undefined);
  }

  #encode(position: Position, from: number, isFirst: boolean, window?: SharedWindow): Message {
    const { isCompressible, longest } = this.#options;
    const { id, version } = position;
    const named = `${this.#prefix}"id":"${id}","version":${version}`;
    const eventId = this.#eventId(position);
    if (from === version) return new Message(`${named}}`, { position, eventId });
    const patch = from === 0 ? undefined : this.#versioned.since(from);
    if (patch === undefined || Buffer.byteLength(patch) > longest) return this.#snapshot(position, window);
    const head = isFirst ? named : `${this.#prefix}"version":${version}`;
    const since = from === version - 1 ? '' : `,"from":${from}`;
    const delta = new Message(`${head},"delta":true${since},"body":${patch}}`, {
      position,
      eventId,
      isCompressible,
      window,
    });
    // The exact comparison costs a snapshot's text: only a patch that is long enough may ask for it.
    if (Buffer.byteLength(patch) <= this.#versioned.size / 2) return delta;
    const snapshot = this.#snapshot(position, window);
    return delta.size < snapshot.size ? delta : snapshot;
  }

  /** The snapshot, the same message for all clients. It is a new one for an id of its own, and as a step of a window. */
  #snapshot(position: Position, window?: SharedWindow): Message {
    const encoded = position === this.#position && !window ? this.#encoded : undefined;
    if (encoded?.whole) return encoded.whole;
    const { id, version } = position;
    const proof = this.#proofs && `"proof":"${this.#proofs.of(this.#topic, position)}",`;
    const text = `${this.#prefix}"id":"${id}","version":${version},${proof ?? ''}"body":${this.#versioned.text()}}`;
    const { isCompressible } = this.#options;
    const snapshot = new Message(text, {
      position,
      eventId: this.#eventId(position),
      isCompressible,
      window,
    });
    if (encoded) encoded.whole = snapshot;
    return snapshot;
  }

  get #proofs(): Proofs | undefined {
    return this.#versioned.resume === 'anyone' ? undefined : this.#options.proofs;
  }

  /** With the proof of the version: a plain EventSource repeats nothing else. */
  #eventId({ id, version }: Position): (() => string) | undefined {
    const proofs = this.#proofs;
    return proofs && (() => `${id}:${proofs.of(this.#topic, { id, version })}`);
  }
}

/** Returns an id without the suffix that marks a loss or one client. */
const epochOf = (id: string): string => id.replace(/!.*/s, '');

/** Whether `id` is an epoch, or the id of a client that was ahead in it. */
export function isEpochOf(id: string, epoch: string): boolean {
  return id === epoch || (id.charCodeAt(epoch.length) === MARK && id.startsWith(epoch));
}

/** The frame that says why a topic may be outdated. */
export function staleFrame(topic: string, reason: string): Message {
  return message({ stale: reason, topic: topic || undefined });
}

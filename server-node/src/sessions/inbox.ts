import { VeloxError } from '@velox/core/protocol';

/** Frames are acknowledged after so many of them, or so many bytes. */
const UNACKNOWLEDGED = { count: 256, bytes: 256 * 1024 };

/** The numbered frames of one session's client: which of them were taken, and when they are to be acknowledged. */
export class Inbox {
  #taken = 0;
  /** The newest number of this link; 0 before the first. */
  #last = 0;
  /** Frames and bytes since the last acknowledgement. */
  #count = 0;
  #bytes = 0;
  /** The number of the newest POST of this link. */
  #posts = 0;
  /** See `newest`. */
  #newest = 0;
  /** How many checks wait, by the number of the frame. Created on need: most sessions have no asynchronous check. */
  #held: Map<number, number> | undefined;
  /** Whether the last acknowledgement left out frames that are held. */
  #isBehind = false;

  /** The newest numbered frame that was taken. */
  get taken(): number {
    return this.#taken;
  }

  /** The number of the newest frame that was received; 0: it has none. */
  get newest(): number {
    return this.#newest;
  }

  /** The number up to which frames may be acknowledged. */
  get acknowledgeable(): number {
    return this.#held?.size ? Math.min(...this.#held.keys()) - 1 : this.#taken;
  }

  /**
   * Keeps a frame and all later ones from being acknowledged, until the returned function is called: so the client gives it to another server
   * if this one closes before. That function returns whether an acknowledgement is due, because one has left out the frame.
   */
  hold(seq: number): () => boolean {
    if (seq === 0) return () => false;
    const held = (this.#held ??= new Map<number, number>());
    held.set(seq, (held.get(seq) ?? 0) + 1);
    return () => {
      const left = (held.get(seq) as number) - 1;
      if (left > 0) held.set(seq, left);
      else held.delete(seq);
      return this.#isBehind && left === 0;
    };
  }

  /** Whether frames were taken since the last acknowledgement. */
  get hasUnacknowledged(): boolean {
    return this.#count > 0;
  }

  /** Whether enough frames were taken to acknowledge them. */
  get isAckDue(): boolean {
    return this.#count >= UNACKNOWLEDGED.count || this.#bytes >= UNACKNOWLEDGED.bytes;
  }

  /** Goes on after the frames that another node has taken. */
  unpack(taken: number): void {
    this.#taken = taken;
  }

  /** Begins a new link. Late POSTs of the former link are refused before they get here. */
  resume(): void {
    this.#last = 0;
    this.#posts = 0;
    this.noteAcked();
  }

  /** Notes that the client was told what was taken. */
  noteAcked(): void {
    this.#count = this.#bytes = 0;
    this.#isBehind = !!this.#held?.size;
  }

  /**
   * Whether a frame is new; false for a repetition. A frame with number 0 has none.
   *
   * @param seq default: the number after the last one of this link
   * @param bytes its length
   * @throws VeloxError `bad-frame` if the number is left out of the first numbered frame of a link.
   */
  take(seq: number | undefined, bytes: number): boolean {
    this.#newest = 0;
    if (seq === 0) return true;
    if (seq === undefined && this.#last === 0) {
      throw new VeloxError('bad-frame', 'the first numbered frame of a link has no number. Send its seq.');
    }
    this.#last = seq ?? this.#last + 1;
    this.#count++;
    this.#bytes += bytes;
    if (this.#last <= this.#taken) return false;
    this.#newest = this.#taken = this.#last;
    return true;
  }

  /** Whether a POST of this link is new; false for a repetition. A POST without a number (NaN) counts as new. */
  takePost(number: number): boolean {
    if (number <= this.#posts) return false;
    this.#posts = number || this.#posts;
    return true;
  }
}

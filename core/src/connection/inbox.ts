/** The numbered frames of a session on their way in. */
export interface Inbox {
  /** The newest number that was taken. */
  readonly taken: () => number;
  /** A link begins: its first numbered frame carries its number. */
  readonly resume: (isSame: boolean) => void;
  /**
   * Whether a frame is new; false for a repetition.
   *
   * @param seq default: the number after the last one of this link; 0: the frame has none
   * @param size its length
   */
  readonly take: (seq: number | undefined, size: number) => boolean;
  readonly acknowledge: () => void;
}

/**
 * Creates the inbox of a connection. No timer acknowledges: a server that needs it asks.
 *
 * @param onAck acknowledges all frames up to that number; without a link, the next open frame does
 */
export function createInbox(onAck: (ack: number) => void): Inbox {
  /** Frames are acknowledged after so many of them, or so many characters of JSON. */
  const ACK_FRAMES = 256;
  const ACK_CHARACTERS = 256 * 1024;
  let taken = 0;
  /** The newest number of this link. */
  let last = 0;
  let count = 0;
  let sum = 0;

  const acknowledge = (): void => {
    count = sum = 0;
    onAck(taken);
  };
  return {
    taken: () => taken,
    resume(isSame) {
      last = count = sum = 0;
      if (!isSame) taken = 0;
    },
    take(seq = last + 1, size) {
      if (!seq) return true;
      last = seq;
      if (seq <= taken) return false;
      taken = seq;
      sum += size;
      if (++count >= ACK_FRAMES || sum >= ACK_CHARACTERS) acknowledge();
      return true;
    },
    acknowledge,
  };
}

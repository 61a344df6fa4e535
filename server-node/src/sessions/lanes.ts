import type { Message } from '../wire/message.js';

/** The messages of one channel that wait. */
interface Lane {
  readonly messages: Message[];
  /** Bytes of them. */
  size: number;
}

/** Messages that wait to be written. Each channel has a lane, and the lanes take turns. */
export class Lanes {
  /** The lanes that are not empty, by channel, in the order of their turns. */
  readonly #turns = new Map<string, Lane>();
  #count = 0;

  constructor(messages: readonly Message[]) {
    for (const message of messages) this.add(message);
  }

  get count(): number {
    return this.#count;
  }

  add(message: Message): void {
    let lane = this.#turns.get(message.channel);
    if (!lane) this.#turns.set(message.channel, (lane = { messages: [], size: 0 }));
    lane.messages.push(message);
    lane.size += message.size;
    this.#count++;
  }

  /** Puts messages in front of the waiting ones, in their order. */
  prepend(messages: readonly Message[]): void {
    const all = [messages, ...[...this.#turns.values()].map((lane) => lane.messages)].flat();
    this.#turns.clear();
    this.#count = 0;
    for (const message of all) this.add(message);
  }

  /** Returns the message that `next` would return. */
  peek(): Message | undefined {
    for (const lane of this.#turns.values()) return lane.messages[0];
    return undefined;
  }

  /** Returns the oldest message of the lane whose turn it is. */
  next(): Message | undefined {
    for (const [channel, lane] of this.#turns) {
      this.#turns.delete(channel);
      const message = this.#take(channel, lane, 'oldest');
      if (lane.messages.length > 0) this.#turns.set(channel, lane); // its next turn is the last
      return message;
    }
    return undefined;
  }

  /** Removes all messages, in the order of their turns. */
  takeAll(): Message[] {
    const all: Message[] = [];
    for (let message; (message = this.next());) all.push(message);
    return all;
  }

  /** Removes the oldest or the newest message of the lane that has the most bytes, or else the most messages. */
  takeOfLongest(end: 'oldest' | 'newest', by: 'size' | 'count'): Message | undefined {
    const longest = this.#longest(by);
    return longest && this.#take(...longest, end);
  }

  /** The bytes or the messages of the lane that has most of them. */
  longest(by: 'size' | 'count'): number {
    const [, lane] = this.#longest(by) ?? [];
    return lane ? lengthOfLane(lane, by) : 0;
  }

  #longest(by: 'size' | 'count'): [channel: string, lane: Lane] | undefined {
    let longest: [string, Lane] | undefined;
    for (const each of this.#turns)
      if (!longest || lengthOfLane(each[1], by) > lengthOfLane(longest[1], by)) longest = each;
    return longest;
  }

  #take(channel: string, lane: Lane, end: 'oldest' | 'newest'): Message | undefined {
    const message = end === 'oldest' ? lane.messages.shift() : lane.messages.pop();
    if (!message) return undefined;
    this.#count--;
    lane.size -= message.size;
    if (lane.messages.length === 0) this.#turns.delete(channel);
    return message;
  }
}

const lengthOfLane = ({ messages, size }: Lane, by: 'size' | 'count'): number =>
  by === 'size' ? size : messages.length;

/** The bytes of messages, or their number. */
export const lengthOf = (messages: readonly Message[], by: 'size' | 'count'): number =>
  by === 'size' ? messages.reduce((sum, { size }) => sum + size, 0) : messages.length;

import type { Message } from '../wire/message.js';

/** The messages of one channel that wait. */
interface Lane {
  messages: Message[];
  /** Bytes of them. */
  size: number;
}

/** Messages that wait to be written. Each channel has a lane, and the lanes take turns. */
export class Lanes {
  /** Messages without a channel: most sessions have only these. */
  readonly #main: Lane = { messages: [], size: 0 };
  /** The lanes that are not empty, in the order of their turns. Created with the first channel. */
  #turns: Map<string, Lane> | undefined;
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(message: Message): void {
    const lane = this.#laneOf(message.channel);
    lane.messages.push(message);
    lane.size += message.size;
    this.#count++;
  }

  /** Puts messages in front of the waiting ones, in their order. */
  prepend(messages: readonly Message[]): void {
    const waiting = this.#turns ? [...this.#turns.values()] : [this.#main];
    const all = [messages, ...waiting.map((lane) => lane.messages)].flat();
    this.#turns?.clear();
    this.#main.messages = [];
    this.#main.size = this.#count = 0;
    for (const message of all) this.add(message);
  }

  /** Returns the message that `next` would return. */
  peek(): Message | undefined {
    if (!this.#turns) return this.#main.messages[0];
    for (const lane of this.#turns.values()) return lane.messages[0];
    return undefined;
  }

  /** Returns the oldest message of the lane whose turn it is. */
  next(): Message | undefined {
    if (!this.#turns) return this.#take('', this.#main, 'shift');
    for (const [channel, lane] of this.#turns) {
      this.#turns.delete(channel);
      const message = this.#take(channel, lane, 'shift');
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
    let [channel, longest] = ['', this.#main];
    const lengthOf = ({ messages, size }: Lane): number => (by === 'size' ? size : messages.length);
    for (const [name, lane] of this.#turns ?? [])
      if (lengthOf(lane) > lengthOf(longest)) [channel, longest] = [name, lane];
    return this.#take(channel, longest, end === 'oldest' ? 'shift' : 'pop');
  }

  #laneOf(channel: string): Lane {
    if (!this.#turns) {
      if (channel === '') return this.#main;
      this.#turns = new Map(this.#main.messages.length > 0 ? [['', this.#main]] : []);
    }
    let lane = this.#turns.get(channel);
    if (!lane) {
      lane = channel === '' ? this.#main : { messages: [], size: 0 };
      this.#turns.set(channel, lane);
    }
    return lane;
  }

  #take(channel: string, lane: Lane, way: 'shift' | 'pop'): Message | undefined {
    const message = lane.messages[way]();
    if (!message) return undefined;
    this.#count--;
    lane.size -= message.size;
    if (lane.messages.length === 0) this.#turns?.delete(channel);
    return message;
  }
}

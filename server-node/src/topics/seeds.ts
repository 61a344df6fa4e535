import { isThenable } from '../diagnostics/maybe-promise.js';
import type { Message } from '../wire/message.js';
import type { Broadcast } from './broadcast.js';

/** The most bytes of the seeds of one topic. */
const MOST_BYTES = 64 * 1024;

/** The most seeds of one topic: each costs a question for the right to see it. */
const MOST_SEEDS = 100;

/** The topics that a client wants. */
interface Wanted {
  has(topic: string): boolean;
  waitFor<T>(answer: Promise<T>): Promise<T>;
}

/** The values that a client gets in the same write as a topic, without having asked for them. */
export class Seeds {
  readonly #parent: string;
  readonly #wanted: Wanted;
  readonly #broadcasts: readonly Broadcast[];

  /** @param broadcasts the client may see them */
  constructor(parent: string, wanted: Wanted, broadcasts: readonly Broadcast[]) {
    this.#parent = parent;
    this.#wanted = wanted;
    this.#broadcasts = broadcasts;
  }

  /** Returns the frames for the topics that the client has not subscribed, as far as they are not too long. */
  messages(): Message[] {
    const messages: Message[] = [];
    let size = 0;
    for (const { topic, frames, versioned } of this.#broadcasts) {
      if (this.#wanted.has(topic) || versioned.stale !== undefined) continue;
      const seed = frames.seed(this.#parent);
      size += seed.size;
      if (size > MOST_BYTES) break;
      messages.push(seed);
    }
    return messages;
  }
}

interface SeedHost {
  /** Whether the client may see a topic; does not reject. */
  readonly maySee: (topic: string) => boolean | Promise<boolean>;
  /** The broadcast of a value that is at hand. */
  readonly present: (topic: string) => Broadcast | undefined;
}

/** Returns the values that were read along with one, as far as the client may see them and they need no fetch. */
export function seedsOf(
  { topic: parent, versioned }: Broadcast,
  wanted: Wanted,
  { maySee, present }: SeedHost,
): Seeds | undefined | Promise<Seeds> {
  const related = (versioned.related ?? []).filter((topic) => !wanted.has(topic)).slice(0, MOST_SEEDS);
  if (related.length === 0) return undefined;
  const select = (isAllowed: readonly boolean[]): Seeds => {
    const found = related.map((topic, index) => (isAllowed[index] ? present(topic) : undefined));
    return new Seeds(
      parent,
      wanted,
      found.filter((each) => each !== undefined),
    );
  };
  const answers = related.map(maySee);
  return answers.some(isThenable)
    ? wanted.waitFor(Promise.all(answers.map((answer) => Promise.resolve(answer))).then(select))
    : select(answers as boolean[]);
}

import type { Admission } from '../access/admission.js';
import type { Broadcast } from './broadcast.js';
import type { Subscriptions } from './subscriptions.js';

/** A session, as topics see it. */
export interface Subscriber {
  readonly admission: Admission;
  readonly identity: string | undefined;
  readonly topics: Subscriptions;
  /** Joins a requested topic. */
  join(broadcast: Broadcast): void;
  /** Tells the client that it does not receive a requested topic. */
  deny(topic: string, code: string): void;
  /** Marks a topic as changed. */
  touch(topic: string): void;
}

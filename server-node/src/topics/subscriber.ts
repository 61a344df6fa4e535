import type { Admission } from '../access/admission.js';
import type { Owner } from './subscription.js';
import type { Subscriptions } from './subscriptions.js';

/** A session, as topics see it. */
export interface Subscriber extends Owner {
  readonly admission: Admission;
  readonly identity: string | undefined;
  readonly topics: Subscriptions;
}

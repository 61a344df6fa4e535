import { checkInitial, EXPLAINED } from '#development';
import type { ClientFrame, DeniedFrame, ServerFrame, StaleFrame, Subscription } from '../protocol/frames.js';
import { isName } from '../protocol/name.js';
import { VeloxError } from '../protocol/error.js';
import { createWeakValues } from '../platform/weak-values.js';
import {
  createReplica,
  type Initial,
  type Replica,
  type ReplicaControl,
  type ReplicaHost,
} from './replica.js';

/** The functions that topics need from their connection. */
export interface SubscriptionsHost extends Omit<ReplicaHost, 'onChange' | 'onStale'> {
  /** A topic may need a request to the server. */
  readonly onChange: () => void;
  /** The first wanted topic became stale, or the last one is not stale any more. */
  readonly onStale: () => void;
}

/** The topics of one connection: their replicas, and their subscription state on the current link. */
export interface Subscriptions {
  /** The replica of a topic, the same one while it is in use; `initial` applies while it is empty. */
  readonly replica: <T>(topic?: string, initial?: Initial<T>) => Replica<T>;
  /** Whether any topic is wanted. */
  readonly hasWanted: () => boolean;
  /** Whether any wanted topic is stale. */
  readonly hasStale: () => boolean;
  /**
   * Returns the pending requests that make the link carry exactly the wanted topics; they count as sent.
   *
   * @param bytes after about so many, further topics are left for the next call
   */
  readonly frames: (bytes: number) => ClientFrame[];
  /** Ignores frames that are about no topic. */
  readonly receive: (frame: ServerFrame) => void;
  /** The link is gone: all topics are stale. The connection notifies, by its own status. */
  readonly drop: () => void;
}

const BAD_TOPIC = 'a topic is no text, or has control characters. Correct its name.';

/** Creates the topics' side of a connection. Topics that are not wanted are kept by their users alone. */
export function createSubscriptions(host: SubscriptionsHost): Subscriptions {
  const controls = createWeakValues<ReplicaControl>();
  const wanted = new Set<ReplicaControl>();
  /** Topics that may need a request to the server. */
  const changed = new Set<ReplicaControl>();
  let stale = 0;

  /** One for all topics: there may be thousands. */
  const replicaHost: ReplicaHost = {
    ...host,
    onChange(control) {
      wanted[control.wanted() ? 'add' : 'delete'](control);
      changed.add(control);
      host.onChange();
    },
    onStale(isStale) {
      const before = stale;
      stale += isStale ? 1 : -1;
      if (!before || !stale) host.onStale();
    },
  };
  const create = (topic: string): ReplicaControl => {
    const control = createReplica(topic, replicaHost);
    controls.set(topic, control);
    return control;
  };

  return {
    replica<T>(topic = '', initial?: Initial<T>) {
      if (!isName(topic, Infinity)) throw new VeloxError('bad-option', EXPLAINED && BAD_TOPIC);
      checkInitial(initial);
      const control = controls.get(topic) ?? create(topic);
      if (initial) control.seed(initial);
      return control.replica as Replica<T>;
    },
    hasWanted: () => wanted.size > 0,
    hasStale: () => stale > 0,
    frames(bytes) {
      const subscribe: Subscription[] = [];
      const unsubscribe: string[] = [];
      for (const control of changed) {
        if (bytes < 0) break;
        changed.delete(control);
        const request = control.say();
        if (request === undefined) continue;
        if (typeof request === 'string') unsubscribe.push(request);
        else subscribe.push(request);
        bytes -= encodeURI(JSON.stringify(request)).length; // at least its bytes: quotes count threefold
      }
      const frames = [unsubscribe.length && { unsubscribe }, subscribe.length && { subscribe }];
      return frames.filter(Boolean) as ClientFrame[];
    },
    receive(frame) {
      if ('version' in frame || 'check' in frame) {
        const { topic = '' } = frame;
        const parent = 'for' in frame && controls.get(frame.for);
        if (parent) (parent.seeds ??= new Set()).add(controls.get(topic) ?? create(topic));
        return controls.get(topic)?.receive(frame);
      }
      const { denied, stale, topic = '', code = 'stale' } = frame as Partial<DeniedFrame & StaleFrame>;
      if ((stale ?? denied) === undefined) return;
      const message = stale || (EXPLAINED && denied !== undefined && explain(denied, code)) || code;
      controls.get(denied ?? topic)?.doubt({ code, message, denied });
    },
    drop() {
      for (const control of [...wanted, ...changed]) {
        control.drop();
        changed.add(control);
      }
      stale = wanted.size;
    },
  };
}

/** Why there is no value, for developers. */
function explain(topic: string, code: string): string {
  if (code !== 'not-found') return `the topic "${topic}" is denied. Check canSubscribe on the server.`;
  return topic === ''
    ? "the endpoint has no default topic. Name a topic, or add one on the server by hub.state('', …)."
    : `there is no topic "${topic}". Check its name, or add it on the server.`;
}

import type { ClientFrame, DeniedFrame, ServerFrame, StaleFrame, Subscription } from '../protocol/frames.js';
import {
  createReplica,
  type Initial,
  type Replica,
  type ReplicaControl,
  type ReplicaHost,
} from './replica.js';

/** Characters of subscriptions before hello: a server takes 16 KiB from a stranger. The rest follows hello. */
export const BEFORE_HELLO = 4_000;

/** The topics of one connection: their replicas, and what the present link knows of them. */
export interface Subscriptions {
  /** The replica of a topic, the same one each time; `initial` counts while it is empty. */
  readonly replica: <T>(topic?: string, initial?: Initial<T>) => Replica<T>;
  /** Whether there is a topic like that. */
  readonly some: (test: (control: ReplicaControl) => boolean) => boolean;
  /**
   * What has to be said for the link to carry what is wanted, and only that; it counts as said.
   *
   * @param room after about so many characters, further topics are left for the next call
   */
  readonly frames: (room?: number) => ClientFrame[];
  /** Frames that are about no topic are passed over. */
  readonly receive: (frame: ServerFrame) => void;
  /** There is no link any more. */
  readonly drop: () => void;
}

/** Creates the topics' side of a connection. */
export function createSubscriptions(host: ReplicaHost): Subscriptions {
  const controls = new Map<string, ReplicaControl>();
  return {
    replica<T>(topic = '', initial?: Initial<T>) {
      let control = controls.get(topic);
      if (!control) controls.set(topic, (control = createReplica<unknown>(topic, host)));
      if (initial) control.seed(initial);
      return control.replica as Replica<T>;
    },
    some: (test) => [...controls.values()].some(test),
    frames(room = Infinity) {
      const subscribe: Subscription[] = [];
      const unsubscribe: string[] = [];
      let size = 0;
      controls.forEach((control, topic) => {
        if (size > room) return;
        const { length } = subscribe;
        control.say(subscribe, unsubscribe);
        if (subscribe.length > length) size += topic.length + 80; // with a position
      });
      const frames = [unsubscribe.length && { unsubscribe }, subscribe.length && { subscribe }];
      return frames.filter(Boolean) as ClientFrame[];
    },
    receive(frame) {
      if ('version' in frame || 'check' in frame) return controls.get(frame.topic ?? '')?.receive(frame);
      const { denied, stale, topic = denied, code = 'stale' } = frame as Partial<DeniedFrame & StaleFrame>;
      controls.forEach((control, each) => {
        if ((stale ?? denied) !== undefined && (topic ?? each) === each)
          control.doubt({ code, message: stale ?? 'denied' });
      });
    },
    drop: () => controls.forEach((control) => control.drop()),
  };
}

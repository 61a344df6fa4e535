import type { ClientFrame, DeniedFrame, StaleFrame, StateFrame, Subscription } from './protocol.js';
import {
  createReplica,
  type Initial,
  type Replica,
  type ReplicaControl,
  type ReplicaHost,
} from './replica.js';

/** The topics of one connection: their replicas, and what the present link knows of them. */
export interface Subscriptions {
  /** The replica of a topic, the same one each time; `initial` counts while it is empty. */
  readonly replica: <T>(topic: string, initial?: Initial<T>) => Replica<T>;
  /** Whether there is a topic like that. */
  readonly some: (test: (control: ReplicaControl) => boolean) => boolean;
  /** What has to be said for the link to carry what is wanted, and only that; it counts as said. */
  readonly frames: () => ClientFrame[];
  readonly receive: (frame: StateFrame | DeniedFrame | StaleFrame) => void;
  /** There is no link any more. */
  readonly drop: () => void;
  /** The connection's status has changed. */
  readonly refresh: () => void;
}

/** Creates the topics' side of a connection. */
export function createSubscriptions(host: ReplicaHost): Subscriptions {
  const controls = new Map<string, ReplicaControl>();
  return {
    replica<T>(topic: string, initial?: Initial<T>) {
      let control = controls.get(topic);
      if (!control) controls.set(topic, (control = createReplica<unknown>(topic, host)));
      if (initial) control.seed(initial);
      return control.replica as Replica<T>;
    },
    some: (test) => [...controls.values()].some(test),
    frames() {
      const subscribe: Subscription[] = [];
      const unsubscribe: string[] = [];
      controls.forEach((control, topic) => {
        if (control.wanted() === control.carried()) return;
        if (control.wanted()) return subscribe.push(control.ask());
        unsubscribe.push(topic);
        control.drop();
      });
      return [unsubscribe.length && { unsubscribe }, subscribe.length && { subscribe }].filter(
        (frame) => !!frame,
      );
    },
    receive(frame) {
      if ('version' in frame) return controls.get(frame.topic ?? '')?.receive(frame);
      const [topic, code, message] =
        'denied' in frame
          ? [frame.denied, frame.code, 'denied by the server']
          : [frame.topic, 'stale', frame.stale];
      controls.forEach((control, each) => {
        if ((topic ?? each) === each) control.doubt({ code, message });
      });
    },
    drop: () => controls.forEach((control) => control.drop()),
    refresh: () => controls.forEach((control) => control.refresh()),
  };
}

import type { Bus } from '../cluster/bus.js';
import type { Hub } from '../hub/hub.js';

/** Reports that a message of the bus was ignored. */
export function ignoreMessage({ observer }: Hub, subject: string, error: unknown): void {
  const advice = `a message on the subject ${JSON.stringify(subject)} of the bus was ignored. Give each cluster a bus of its own.`;
  observer.often('broken message', subject, advice, { subject, error });
}

/** Lets a hub hear a bus safely: a message that a subscriber cannot read ends neither the process nor the engine's client. */
export function guardedBus(hub: Hub, bus: Bus): Bus {
  return {
    limit: bus.limit,
    publish: (subject, data) => bus.publish(subject, data),
    subscribe(subject, fn, onDoubt) {
      const hear = (data: string): void => {
        try {
          fn(data);
        } catch (error) {
          ignoreMessage(hub, subject, error);
        }
      };
      return bus.subscribe(subject, hear, onDoubt);
    },
  };
}

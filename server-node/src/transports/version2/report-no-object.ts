import type { Hub } from '../../hub/hub.js';

/** Reports, once per topic of a hub, that its value cannot be served to clients of version 2. */
export function reportNoObject(hub: Hub, topic: string): void {
  const advice = `the value of the topic ${JSON.stringify(topic)} is no object, so clients of version 2 get nothing. Use an object, or update the clients.`;
  hub.observer.once('no object for version 2', topic, advice, { topic });
}

import type { Hub } from '../../hub/hub.js';

const warned = new WeakMap<Hub, Set<string>>();

/** Logs, once per topic of a hub, that its value cannot be served to clients of version 2. */
export function warnOnce(hub: Hub, topic: string): void {
  let topics = warned.get(hub);
  if (!topics) warned.set(hub, (topics = new Set()));
  if (topics.has(topic)) return;
  topics.add(topic);
  hub.observer.log('warn', 'version-2-root', { topic });
}

import type { EventFrame } from '../protocol/frames.js';
import { createSignal, type Signal } from '../reactive/readable.js';
import type { Listener } from './channel.js';

/** The application's listeners, by channel and name of the event. */
export interface Listeners {
  readonly on: (channel: string, event: string, listener: Listener) => () => void;
  readonly emit: (frame: EventFrame) => void;
}

/** The same text for the same channel and event. */
export const keyOf = (channel: string, event: string): string => `${channel}\n${event}`;

export function createListeners(): Listeners {
  const signals = new Map<string, Signal<[unknown]>>();
  return {
    on(channel, event, listener) {
      const key = keyOf(channel, event);
      let signal = signals.get(key);
      if (!signal) signals.set(key, (signal = createSignal()));
      return signal.on(listener);
    },
    emit: ({ channel = '', event, data }) => signals.get(keyOf(channel, event))?.emit(data),
  };
}

import { connect, polling, type Transport } from '@velox/core';
import { setTimeout as pause } from 'node:timers/promises';
import { createHub } from '../create-hub.js';
import { loadWsClasses } from '../transports/websocket/ws-classes.js';
import { MemoryNetwork } from './memory-network.js';
import { VirtualTime } from './virtual-time.js';

let warm: Promise<void> | undefined;

/** Loads the modules that a client loads on need, because that takes real time, on which no run may depend. */
export function warmUp(): Promise<void> {
  return (warm ??= load());
}

async function load(): Promise<void> {
  await loadWsClasses();
  const time = new VirtualTime();
  const network = new MemoryNetwork(time);
  const restore = [time.install(), network.install()];
  let attempts = 0;
  const closed: Transport = (_, events) => {
    attempts++;
    const timer = setTimeout(() => events.onClose({ code: 'refused', message: 'closed' }), 1);
    return { send: () => undefined, close: () => clearTimeout(timer) };
  };
  try {
    const hub = createHub();
    hub.on('something', () => undefined);
    network.serve(hub);
    network.path('warm-up');
    const sync = connect(network.urlOf('warm-up'), { transports: [closed, polling()] });
    sync.on('nothing', () => undefined);
    sync.emit('something', 1);
    // It looks for a better way by a module of its own, some seconds after it was connected.
    while (attempts < 3 || sync.status.get().state !== 'open') {
      await time.advance(100);
      await pause(1);
    }
    sync.close();
    await time.advance(1);
  } finally {
    network.end();
    await time.settle();
    restore.forEach((undo) => undo());
  }
}

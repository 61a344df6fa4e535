/** A replica on a connection whose transport is a function, and a screen that is painted by hand. */
import { createConnection } from '@velox/core';

const due = new Set();
globalThis.requestAnimationFrame = (callback) => {
  due.add(callback);
  return callback;
};
globalThis.cancelAnimationFrame = (callback) => due.delete(callback);

function paint() {
  for (const callback of due) callback();
  due.clear();
}

/** Creates a replica that has got `body` as its first snapshot, and a subscriber. */
export async function createReplica(body) {
  let receive;
  const transport = (_attempt, events) => {
    receive = (frame) => events.onFrame(frame, '');
    return { close() {}, send() {} };
  };
  const replica = createConnection({ url: 'http://localhost/', transports: [transport] }).replica();
  let notified = 0;
  let version = 1;
  replica.subscribe(() => notified++);
  await new Promise((resolve) => setImmediate(resolve)); // it connects in the next tick
  receive({ hello: { protocol: 3, session: 's', heartbeat: 1e9, limits: { frame: 65_536 } } });
  await new Promise((resolve) => setTimeout(resolve, 500)); // it loads what applies deltas
  receive({ id: 'x', version, body });
  paint();
  return {
    get: replica.get,
    get notified() {
      return notified;
    },
    /** One frame of the screen, in which one message has come for each list of operations. */
    frame(messages) {
      for (const body of messages) receive({ version: ++version, delta: true, body });
      paint();
    },
  };
}

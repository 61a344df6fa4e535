import * as velox from '@velox/server';

/** The time between two of many edits, in ms: each is a delivery of its own. */
const EVERY_MS = 5;

/**
 * Creates the server's side of the contract: a board that clients have edited, and events that come back.
 *
 * @param onHub called with each hub that begins to serve
 */
export function createApp(onHub = () => {}) {
  // Large enough that even 100 edits together are less than a snapshot.
  const rows = Array.from({ length: 100 }, (_, id) => ({ id, text: `row ${id} `.repeat(30), n: 0 }));
  const board = velox.state({ count: 0, rows });
  let hub = start();

  function edit() {
    board.update((draft) => {
      const n = draft.count++;
      const row = { id: 1_000 + n, text: `row ${1_000 + n}`, n };
      if (n % 5 === 0) draft.rows.push(row);
      else if (n % 5 === 1) draft.rows.splice(3, 0, row);
      else if (n % 5 === 2) draft.rows.shift();
      else if (n % 5 === 3) draft.rows.push(draft.rows.splice(2, 1)[0]);
      else draft.rows[n % draft.rows.length].n = n;
    });
  }

  function start() {
    const fresh = velox.createHub();
    fresh.state('board', board);
    fresh.on('say', (session, data) => session.emit('said', data));
    fresh.on('edit', (session, { times, delay = 0 }) => {
      const next = (left) => {
        edit();
        if (left > 1) setTimeout(next, EVERY_MS, left - 1);
        else session.emit('edited', { value: board.get() });
      };
      setTimeout(next, delay, times);
    });
    fresh.on('restart', () => {
      // Later, because a client sends an event again to another hub if this one has not acknowledged it.
      setTimeout(() => {
        const former = hub;
        hub = start();
        void former.close({ drain: 200 });
      }, 500);
    });
    onHub(fresh);
    return fresh;
  }

  return {
    /** The hub that serves now: another one after each `restart`. */
    get hub() {
      return hub;
    },
  };
}

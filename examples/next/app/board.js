import { state } from '@velox/server';

/** One for the process: pages and route handlers are bundles of their own. */
export const board = (globalThis.board ??= start());

function start() {
  const rows = Array.from({ length: 60 }, (_, at) => ({ id: at + 1, text: `row ${at + 1}` }));
  const made = state({ rows });
  setInterval(
    () => made.update((draft) => void (draft.rows[0].text = new Date().toISOString())),
    1_000,
  ).unref();
  return made;
}

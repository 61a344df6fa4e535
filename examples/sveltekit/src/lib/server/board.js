import { state } from '@velox/server';

const rows = Array.from({ length: 60 }, (_, at) => ({ id: at + 1, text: `row ${at + 1}` }));
export const board = state({ rows });

setInterval(
  () => board.update((draft) => void (draft.rows[0].text = new Date().toISOString())),
  1_000,
).unref();

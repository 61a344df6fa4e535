/** The broadcast value: a table in which some prices change. The contenders send the same changes. */
import { makeDocument } from '../documents.mjs';

const ROWS = 512;

/** How many prices change in an update of about so many bytes. */
export const CHANGES = { '100 B': 1, '2 KB': 34 };

/** What clients offer that take compressed messages, or streams. */
export const DEFLATE = ['Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits'];
export const GZIP = ['Accept-Encoding: gzip'];

/** A topic's value: the table, and with it as much else as makes `bytes`. */
export const makeTable = (bytes = 0) => ({
  rows: Array.from({ length: ROWS }, (_, id) => ({ id, price: id })),
  ...(bytes && { rest: makeDocument(bytes) }),
});

/** The steps of update `i`: which row gets which price. */
function* steps(i, changes) {
  for (let j = 0; j < changes; j++) yield [(i * 5 + j) % ROWS, (((i + 1) * 7919 + j * 104_729) % 99_991) / 4];
}

/** Makes update `i` in a table. */
export function change(table, i, changes) {
  for (const [row, price] of steps(i, changes)) table.rows[row].price = price;
}

/** Update `i` as a delta, as Velox would send it. */
export function deltaText(i, changes, topic) {
  const body = [...steps(i, changes)].map(([row, value]) => ({
    op: 'replace',
    path: `/rows/${row}/price`,
    value,
  }));
  return JSON.stringify({ topic, version: i + 2, delta: true, body });
}

/** The names of so many topics; the only one is the default topic. They are short: 1,000 must fit into the 16 KiB before hello. */
export const topicNames = (count) =>
  count === 1 ? [undefined] : Array.from({ length: count }, (_, at) => `t${at.toString(36)}`);

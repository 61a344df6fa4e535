/** Documents of rows of about 165 bytes: 80 % in `rows[]`, 20 % in `users{}`; the same ones each time. */

const NAMES = ['alder', 'birch', 'cedar', 'elm', 'hazel', 'larch', 'maple', 'rowan', 'spruce', 'willow'];

export function row(id) {
  const name = NAMES[id % NAMES.length];
  return {
    id,
    name: `${name} board number ${id}`,
    price: ((id * 7919) % 1000) + 0.25,
    stock: (id * 104_729) % 500,
    active: id % 3 > 0,
    tags: [name, NAMES[(id * 7) % NAMES.length]],
    note: `seen by ${NAMES[(id * 3) % NAMES.length]}, to be checked`,
  };
}

export const rows = (count) => Array.from({ length: count }, (_, id) => row(id));

/** A document whose JSON text has about that many bytes. */
export function makeDocument(bytes) {
  const count = Math.max(2, Math.round(bytes / 165));
  const listed = Math.max(1, Math.round(count * 0.8));
  const users = Object.fromEntries(
    Array.from({ length: count - listed }, (_, i) => [`u${i}`, row(listed + i)]),
  );
  return { rows: rows(listed), users };
}

export const KB = 1000;
export const MB = 1000 * KB;

/** A document as a peer gets it: without shared identity. */
export const clone = (value) => JSON.parse(JSON.stringify(value));

/** An index that jumps about. */
export const pick = (i, length) => (i * 7919) % length;

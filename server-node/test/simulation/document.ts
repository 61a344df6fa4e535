import type { Random } from '../../src/testing/random.js';

/** The values of the topics of a simulation. `n` counts the changes, so that a value tells which one it is. */
export interface Document {
  n: number;
  rows: { id: number; text: string }[];
  members: Record<string, string | number | null>;
  note: string;
}

export const EMPTY: Document = { n: 0, rows: [], members: {}, note: '' };

/** A few of them fill the buffers of a link. */
const LONG = 6_000;
const MOST_ROWS = 12;

/** Changes a document by chance; each change is another one. */
export function change(document: Document, { between, chance, pick }: Random): void {
  document.n++;
  const { rows, members } = document;
  const any = (): number => between(0, Math.max(0, rows.length - 1));
  switch (between(0, 7)) {
    case 0:
    case 1:
      rows.splice(between(0, rows.length), 0, { id: document.n, text: `${document.n}` });
      if (rows.length > MOST_ROWS) rows.shift();
      return;
    case 2:
      rows.splice(any(), between(1, 2));
      return;
    case 3:
      rows.reverse();
      return;
    case 4: {
      const row = rows[any()];
      if (row) row.text = `${row.text}/${document.n}`.slice(-20);
      const [moved] = rows.splice(any(), 1);
      if (moved) rows.splice(between(0, rows.length), 0, moved);
      return;
    }
    case 5:
      members[pick(['a', 'b/c', '~d', 'é'])] = pick([document.n, `${document.n}`, null]);
      return;
    case 6:
      delete members[pick(['a', 'b/c', '~d', 'é'])];
      return;
    default:
      document.note = chance(0.3) ? `${document.n}`.padEnd(LONG, '.') : `é${document.n}`;
  }
}

import type { Revision } from '../../cluster/log.js';

/** `seq` counts the revisions of all topics, so that a process finds the new ones of others. Snapshots are apart, because a row is written as a whole. */
export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS velox_run (run TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS velox_head (
    topic TEXT PRIMARY KEY, id TEXT NOT NULL, version INTEGER NOT NULL, token TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS velox_snapshot (
    topic TEXT PRIMARY KEY, version INTEGER NOT NULL, token TEXT NOT NULL, value TEXT NOT NULL
  );
  CREATE TABLE IF NOT EXISTS velox_log (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL, version INTEGER NOT NULL,
    tag TEXT NOT NULL, previous TEXT NOT NULL, patch TEXT NOT NULL, UNIQUE (topic, version)
  );
  INSERT INTO velox_run SELECT lower(hex(randomblob(8))) WHERE NOT EXISTS (SELECT 1 FROM velox_run);
`;

/** Has a row if the schema was run: it is one transaction. */
export const IS_SET_UP = `SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'velox_log'`;

export const INSERT = 'INSERT INTO velox_log (topic, version, tag, previous, patch) VALUES (?, ?, ?, ?, ?)';

/** A row of `velox_log`. */
export interface Row {
  readonly seq: number;
  readonly topic: string;
  readonly version: number;
  readonly tag: string;
  readonly previous: string;
  readonly patch: string;
}

export function revisionOf({ version, tag, previous, patch }: Row, id: string): Revision {
  return { at: { id, version, token: tag }, tag, previous, patch };
}

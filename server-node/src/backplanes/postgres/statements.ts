import { CHANGED } from '../../cluster/changed.js';
import { Channels, DEFAULT_PREFIX } from './channels.js';

/**
 * The tables and the function of a backplane. Run it as a migration if the application may not create them. Otherwise it runs when the first
 * topic is opened.
 *
 * @param prefix the option `prefix` of `postgres()`
 */
export const postgresSchema = (prefix: string = DEFAULT_PREFIX): string => `
  CREATE TABLE IF NOT EXISTS velox_head (
    topic text COLLATE "C" PRIMARY KEY, id text NOT NULL, version bigint NOT NULL, token text NOT NULL, run text NOT NULL
  ) WITH (fillfactor = 50);
  CREATE TABLE IF NOT EXISTS velox_snapshot (
    topic text COLLATE "C" PRIMARY KEY, version bigint NOT NULL, token text NOT NULL, value text NOT NULL
  );
  CREATE TABLE IF NOT EXISTS velox_log (
    topic text COLLATE "C" NOT NULL, version bigint NOT NULL, tag text NOT NULL, previous text NOT NULL, patch text NOT NULL,
    PRIMARY KEY (topic, version)
  );
  CREATE OR REPLACE FUNCTION velox_changed(entity text, key text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('${changedChannel(prefix)}', '0  ' || json_build_array(entity, key)::text)
  $$;
`;

const changedChannel = (prefix: string): string => new Channels(prefix).ofSubject(CHANGED);

/** Also false if the function notifies on the channel of another prefix. */
export const isSetUp = (prefix: string): string => `
  SELECT to_regclass('velox_log') IS NOT NULL AND EXISTS (
    SELECT FROM pg_proc WHERE oid = to_regproc('velox_changed') AND strpos(prosrc, '''${changedChannel(prefix)}''') > 0
  ) AS done`;

/** Two sessions that create the same table at the same time would fail. */
export const setUp = (prefix: string): string =>
  `BEGIN; SELECT pg_advisory_xact_lock(8622171091); ${postgresSchema(prefix)} COMMIT`;

/** $1 topic. One statement sees one moment: no revision is removed between snapshot and revisions. The snapshot is the first row. */
export const OPEN = `
  WITH found AS MATERIALIZED (
    SELECT h.id, h.run, s.version, s.token, s.value FROM velox_head h JOIN velox_snapshot s USING (topic) WHERE topic = $1
  )
  SELECT id, run, version, token, '' AS previous, value AS text FROM found
  UNION ALL
  SELECT '', '', l.version, l.tag, l.previous, l.patch FROM velox_log l, found WHERE l.topic = $1 AND l.version > found.version
  ORDER BY version`;

/** $1 topic, $2 id, $3 version, $4 token, $5 run, $6 value. A revision that was appended during `DROP` has stayed. */
export const CREATE = `
  WITH head AS (
    INSERT INTO velox_head (topic, id, version, token, run) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING 1
  ), removed AS (
    DELETE FROM velox_log WHERE topic = $1 AND EXISTS (SELECT FROM head)
  )
  INSERT INTO velox_snapshot (topic, version, token, value) SELECT $1, $3, $4, $6 FROM head
  ON CONFLICT (topic) DO UPDATE SET version = excluded.version, token = excluded.token, value = excluded.value`;

const head = (count: string, condition: string): string => `
  WITH head AS (
    UPDATE velox_head SET version = version + ${count}, token = $5, run = $6
    WHERE topic = $1 AND id = $2 AND version = $3 AND token = $4 ${condition} RETURNING 1
  )`;
/** $1 topic, $2 id, $3 version, $4 token, $5 new token, $6 run, $7 tags, $8 previous tokens, $9 patches */
const many = (condition: string): string => `${head('cardinality($7::text[])', condition)}, log AS (
    INSERT INTO velox_log (topic, version, tag, previous, patch)
    SELECT $1, $3 + n, tag, previous, patch
    FROM head, unnest($7::text[], $8::text[], $9::text[]) WITH ORDINALITY AS r (tag, previous, patch, n)
  )`;
/** Waits for 2 s at most for a transaction of the application that has appended to the topic. */
const IMPATIENT = `AND (SELECT set_config('lock_timeout', '2s', true)) IS NOT NULL`;
/** $1 topic, $2 id, $3 version, $4 token, $5 tag, $6 run, $7 patch. One row of a table is much quicker than arrays of one. */
export const APPEND_ONE: string = `${head('1', IMPATIENT)}
  INSERT INTO velox_log (topic, version, tag, previous, patch) SELECT $1, $3::bigint + 1, $5, $4, $7 FROM head
  RETURNING 1`;
export const APPEND_MANY: string = `${many(IMPATIENT)} SELECT FROM head`;
/** The tags that a transaction of the application has appended. A rollback takes them back, also one to a savepoint. */
const OWN = `current_setting('velox.own', true)`;
/** Two transactions of a connection begin at two moments. */
const TRANSACTION = `extract(epoch FROM transaction_timestamp())::text`;
/**
 * As the one above, $10 channel, $11 payloads, $12 the transaction that it has to be part of, or null. The notification leaves with the
 * commit. It is part of this statement because another query might come after a ROLLBACK that the application has sent meanwhile, and tell
 * of a revision that is not in the log.
 */
export const APPEND_WITHIN: string = `${many(`AND ($12::text IS NULL OR $12 = ${TRANSACTION})`)}, own AS MATERIALIZED (
    SELECT set_config('velox.own', concat_ws(' ', ${OWN}, array_to_string($7::text[], ' ')), true) FROM head
  ), notified AS MATERIALIZED (
    SELECT CASE WHEN payload IS NOT NULL THEN pg_notify($10, payload)::text END
    FROM own LEFT JOIN unnest($11::text[]) AS n (payload) ON true
  )
  SELECT count(*) > 0 AS "isAppended", ${TRANSACTION} AS transaction FROM notified`;

/** $1 topic, $2 version */
export const READ: string = `
  SELECT h.id, h.version AS head, h.token, l.version, l.tag, l.previous, l.patch,
    l.tag = ANY(string_to_array(${OWN}, ' ')) AS "isOwn"
  FROM velox_head h LEFT JOIN velox_log l ON l.topic = h.topic AND l.version > $2
  WHERE h.topic = $1 ORDER BY l.version`;

/** $1 topics */
export const HEADS = 'SELECT topic, id, version, token FROM velox_head WHERE topic = ANY($1::text[])';

/** $1 topic, $2 id, $3 version, $4 token, $5 value, $6 keep */
export const SAVE = `
  WITH head AS (
    SELECT FROM velox_head WHERE topic = $1 AND id = $2 AND (
      version = $3 AND token = $4 OR
      EXISTS (SELECT FROM velox_log WHERE topic = $1 AND version = $3::bigint + 1 AND previous = $4)
    )
  ), saved AS (
    UPDATE velox_snapshot SET version = $3, token = $4, value = $5
    WHERE topic = $1 AND version < $3 AND EXISTS (SELECT FROM head) RETURNING 1
  ), removed AS (
    DELETE FROM velox_log WHERE topic = $1 AND version <= $3::bigint - $6::bigint AND EXISTS (SELECT FROM saved)
  )
  SELECT FROM saved`;

/** $1 topic, $2 id to replace, $3 new id, $4 run */
export const RENEW = 'UPDATE velox_head SET id = $3, run = $4 WHERE topic = $1 AND id = $2';

/** $1 topic */
export const DROP = `
  WITH head AS (DELETE FROM velox_head WHERE topic = $1), snapshot AS (DELETE FROM velox_snapshot WHERE topic = $1)
  DELETE FROM velox_log WHERE topic = $1`;

/** A restart, a promotion and another database each give another name. */
export const RUN = `
  SELECT (SELECT system_identifier FROM pg_control_system()) || ':' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || ':' ||
    extract(epoch FROM pg_postmaster_start_time()) AS run`;

/** $1 channels, $2 payloads */
export const NOTIFY = 'SELECT pg_notify(c, p) FROM unnest($1::text[], $2::text[]) AS n (c, p)';

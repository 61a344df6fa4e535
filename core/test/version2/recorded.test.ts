/** The client for servers of version 2, fed with the bytes that the original servers sent. */
import { describe, expect, it, vi } from 'vitest';
import { changed, changesOf, START, transcript, transcriptNames, type Line } from '../wire/transcript.js';
import { exceptions, follow, isOpen, isUnreadable, segmentsOf, setUp, shows, Truth } from './rig.js';

const names = [...transcriptNames('go-'), ...transcriptNames('js-')].filter(
  (name) => !name.includes('negotiation'),
);

/** Recordings without a list of their changes: the value that the client shows at their end. */
const UNTOLD: Readonly<Record<string, object>> = { 'go-sse-throttle': { ...START, count: 119 } };

describe('a replica shows the document after each step of', () => {
  it.each(names)('%s', async (name) => {
    const lines = transcript(name);
    const { player, sync, replica } = await setUp(name.includes('-ws'));
    const connection = await player.accept();
    if (UNTOLD[name]) {
      for (const { bytes } of segmentsOf(lines, 'A')) bytes.forEach((line) => connection.play(line));
      return shows(replica, UNTOLD[name]);
    }
    const segments = segmentsOf(lines, 'A');
    const { checks } = await follow({ player, replica }, connection, segments, new Truth(name));
    expect(checks).toBeGreaterThan(1);
    await isOpen(sync);
  });
});

const full = names.filter((name) => /struct|any$|^js-sse/.test(name));

/** How each of the joins of the full recordings comes about. The first two come after a link that had their position. */
const JOINS = [
  ['B', 'with the current position'],
  ['C', 'with a position one behind'],
  ['D', 'with a stale id'],
  ['E', 'without a position'],
  ['F', 'with a version and no id'],
  ['G', 'with a version of the future'],
  ['H', 'with no number as a version'],
] as const;

/** The last step before the joins; it makes two versions. */
const LAST_STEP = 'three sets inside one throttle window';

describe('a replica shows the document after the join', () => {
  it.each(full.flatMap((name) => JOINS.map(([conn, how]) => [name, conn, how] as const)))(
    '%s, connection %s, %s',
    async (name, conn) => {
      const lines = transcript(name);
      const { player, sync, replica } = await setUp(name.includes('-ws'));
      const truth = new Truth(name);
      const segments = segmentsOf(lines, 'A');
      const last = segments.findIndex(({ control }) => control?.step === LAST_STEP);
      let connection = await player.accept();
      if (conn === 'B' || conn === 'C') {
        let version = 0;
        sync.onFrame((frame) => 'version' in frame && (version = frame.version));
        const before = segments.slice(0, last);
        const followed = await follow({ player, replica }, connection, before, truth);
        const bytes = segments[last]?.bytes ?? [];
        const isBehind = conn === 'C';
        for (const line of isBehind ? bytes.slice(0, -1) : bytes) followed.connection.play(line);
        const request = lines.find((line) => line.conn === conn && line.kind === 'request')?.raw;
        const [query, v] = /v=(\d+)/.exec(request ?? '') ?? [];
        await vi.waitFor(() => expect(version).toBe(Number(v)), { interval: 2 });
        followed.connection.end();
        connection = await player.accept();
        if (!name.includes('-ws')) expect(connection.request).toContain(query);
      } else for (const { control } of segments.slice(0, last)) if (control) truth.take(control);
      const joined = segmentsOf(lines, conn);
      const first = joined.findIndex(({ bytes }) => bytes.length > 0);
      for (const { control } of joined.slice(last, first)) if (control) truth.take(control);
      const { checks } = await follow({ player, replica }, connection, joined.slice(first), truth);
      expect(checks).toBeGreaterThan(0);
    },
  );
});

describe('an answer to a request', () => {
  const cases = ['go-negotiation', 'js-negotiation'].flatMap((name) => {
    const lines = transcript(name);
    const steps = lines.filter(({ dir, step }) => dir === 'control' && step);
    const conns = [
      ...new Set(lines.flatMap(({ conn, dir }) => (conn && dir === 'server->client' ? [conn] : []))),
    ];
    return conns.map(
      (conn, at) => [name, steps[at]?.step ?? '', lines.filter((line) => line.conn === conn)] as const,
    );
  });

  it.each(cases)('%s: %s', async (_, __, lines) => {
    const answer = lines.filter(({ dir }) => dir === 'server->client');
    const head = answer.find(({ kind }) => kind === 'head')?.raw ?? '';
    const { player, sync, replica } = await setUp(/^HTTP\/1\.1 101/.test(head));
    const connection = await player.accept();
    for (const line of answer) connection.play(line);
    if (answer.some(({ raw, text }) => (text ?? raw).includes('"version"'))) await shows(replica, START);
    else {
      connection.end();
      await vi.waitFor(() => expect(sync.status.get().reason?.code).toMatch(/^(refused|lost|not-velox)$/));
      expect(replica.get()).toBeUndefined();
    }
  });
});

it('each exception is needed: without it, the value of its recordings would be another', () => {
  for (const { from, path = [], has, recordings } of exceptions) {
    if (!from) continue;
    const name = names.find((each) => new RegExp(recordings).test(each)) as string;
    let document: unknown = START;
    for (const line of transcript(name)) {
      for (const changes of changesOf(line) ?? []) document = changed(document, changes);
      if (line.step === from) break;
    }
    expect(changed(document, [{ op: has === undefined ? 'del' : 'set', path, value: has }])).not.toEqual(
      document,
    );
  }
});

const sessions = transcriptNames('client-');

/** The control line after which a new server stands in for the old one, with the document of the beginning. */
const isReplaced = ({ step }: Line): boolean => !!step?.startsWith('server stops');

describe('a replica goes on over cuts and a new server, as the original client did in', () => {
  it.each(sessions)('%s', async (name) => {
    const lines = transcript(name);
    const { player, replica } = await setUp(name.includes('jsws'));
    const conns = [...new Set(lines.flatMap(({ conn, kind }) => (kind === 'head' && conn ? [conn] : [])))];
    let truth = new Truth(name);
    let last = await player.accept();
    let checks = 0;
    for (const [at, conn] of conns.entries()) {
      const begin = lines.findIndex((line) => line.conn === conn && line.dir === 'server->client');
      const next = lines.findIndex((line) => line.conn === conns[at + 1] && line.dir === 'server->client');
      const part = lines.slice(at === 0 ? 0 : begin, next < 0 ? undefined : next);
      let hasState = false;
      for (const line of part) {
        if (line.dir === 'control' && hasState) {
          await shows(replica, truth.wanted);
          checks++;
        }
        if (isReplaced(line)) break;
        if (line.step?.startsWith('proxy cuts')) hasState = false;
        truth.take(line);
        if (line.conn !== conn || line.dir !== 'server->client') continue;
        last.play(line);
        const text = line.text ?? line.raw;
        if (isUnreadable(text)) break; // the client gives the link up
        hasState ||= text.includes('"version"');
      }
      if (part.some(isReplaced)) truth = new Truth(name);
      if (at === conns.length - 1) break;
      last.end();
      last = await player.accept();
    }
    expect(checks).toBeGreaterThan(30);
  });
});

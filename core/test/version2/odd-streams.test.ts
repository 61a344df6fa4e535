/** Streams that no server should send, with the results of the original clients and of Velox. */
import { connect, sse } from '@velox/core';
import { version2 } from '@velox/core/version2';
import { expect, it, onTestFinished, vi } from 'vitest';
import { transcript } from '../wire/transcript.js';
import { Player } from './player.js';

const T = { title: 't' };
const ONE = { ...T, count: 1 };

/** The last value that a client showed, or `error` if it showed none; and whether it gave the link up. */
interface Outcome {
  readonly shows: unknown;
  readonly endsLink?: true;
}

const CASES: Readonly<
  Record<string, { readonly go: Outcome; readonly js: Outcome; readonly velox: Outcome }>
> = {
  plain: {
    go: { shows: { ...T, count: 2 } },
    js: { shows: { ...T, count: 2 } },
    velox: { shows: { ...T, count: 2 } },
  },
  'charset in the content type': {
    go: { shows: 'error', endsLink: true },
    js: { shows: ONE },
    velox: { shows: ONE },
  },
  'comment line first': { go: { shows: 'error', endsLink: true }, js: { shows: ONE }, velox: { shows: ONE } },
  'no space after the colon': {
    go: { shows: 'error', endsLink: true },
    js: { shows: ONE },
    velox: { shows: ONE },
  },
  'CRLF line ends': { go: { shows: ONE }, js: { shows: ONE }, velox: { shows: ONE } },
  // Neither server sends this, and the Go client refuses it. Velox asks again, as it does.
  'data over two lines': {
    go: { shows: 'error', endsLink: true },
    js: { shows: { title: 'two lines', count: 1 } },
    velox: { shows: 'error', endsLink: true },
  },
  'retry and event fields': { go: { shows: ONE }, js: { shows: ONE }, velox: { shows: ONE } },
  'unknown keys in the message': { go: { shows: ONE }, js: { shows: ONE }, velox: { shows: ONE } },
  // The originals show a part of the value as if it were the whole.
  'delta first': {
    go: { shows: { count: 9 } },
    js: { shows: { count: 9 } },
    velox: { shows: 'error', endsLink: true },
  },
  // From here on they show a value that the server may not have.
  'missing body, then delta': {
    go: { shows: { count: 3 } },
    js: { shows: { ...T, count: 3 } },
    velox: { shows: null, endsLink: true },
  },
  'body null': {
    go: { shows: { count: 3 } },
    js: { shows: { ...T, count: 3 } },
    velox: { shows: null, endsLink: true },
  },
  'bad JSON in the middle': {
    go: { shows: ONE, endsLink: true },
    js: { shows: { ...T, count: 2 } },
    velox: { shows: ONE, endsLink: true },
  },
  'version gap': {
    go: { shows: { ...T, count: 9 } },
    js: { shows: { ...T, count: 9 } },
    velox: { shows: ONE, endsLink: true },
  },
  'key __proto__ in a delta': {
    go: { shows: { ...ONE, extra: JSON.parse('{"__proto__":{"x":1},"a":1,"b":2}') as object } },
    js: { shows: { ...ONE, extra: { a: 1 } } },
    velox: { shows: { ...ONE, extra: {} }, endsLink: true },
  },
  'key constructor in a delta': {
    go: { shows: { ...ONE, extra: { a: 1, b: 3, constructor: 2 } } },
    js: { shows: { ...ONE, extra: { a: 1 } } },
    velox: { shows: { ...ONE, extra: {} }, endsLink: true },
  },
};

const lines = transcript('clients-odd-streams');
const streams = lines.filter(({ dir, client }) => dir === 'server->client' && client === 'js');

/** The outcome that was recorded of an original client. */
function recordedOutcome(step: string | undefined, client: 'go' | 'js'): Outcome {
  const begin = lines.findIndex((line) => line.step === step && line.client === client);
  const rest = lines.slice(begin + 1);
  const end = rest.findIndex(({ dir }) => dir === 'server->client');
  const said = end < 0 ? rest : rest.slice(0, end);
  const states = said.filter(({ kind }) => kind === 'stdout');
  const last = states.at(-1);
  const shows = last ? (JSON.parse(last.raw) as { data: unknown }).data : 'error';
  return { shows, ...(said.some(({ raw }) => raw.startsWith('connect: ')) && { endsLink: true }) };
}

it('lists each recorded case', () => {
  expect(streams.map(({ step }) => step)).toEqual(Object.keys(CASES));
});

it.each(Object.keys(CASES))('%s: the originals did as listed', (step) => {
  const listed = CASES[step];
  expect(recordedOutcome(step, 'go')).toEqual(listed?.go);
  expect(recordedOutcome(step, 'js')).toEqual(listed?.js);
});

it.each(streams.map((line) => [line.step ?? '', line] as const))(
  '%s: Velox does as listed',
  async (step, line) => {
    const listed = CASES[step]?.velox as Outcome;
    const player = await Player.listen();
    const sync = connect(player.url, { transports: [version2(sse())] });
    onTestFinished(async () => {
      sync.close();
      await player[Symbol.asyncDispose]();
    });
    const replica = sync.replica();
    replica.subscribe(() => undefined);
    const connection = await player.accept();
    const head = `HTTP/1.1 200 OK\r\nContent-Type: ${line.contentType}\r\n\r\n`;
    connection.play({ t: 0, dir: 'server->client', kind: 'head', raw: head });
    connection.body(Buffer.from(line.raw));
    if (listed.endsLink) {
      // In doubt, the next request names no position; a lost message is asked for from where we are.
      const { request } = await player.accept();
      if (step !== 'bad JSON in the middle') expect(request).not.toContain('v=');
    }
    const shown = listed.shows === 'error' ? undefined : listed.shows;
    await vi.waitFor(() => expect(replica.get()).toEqual(shown), { interval: 2 });
    if (!listed.endsLink) expect(sync.status.get()).toMatchObject({ state: 'open', stale: false });
  },
);

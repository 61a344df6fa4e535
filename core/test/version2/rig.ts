/** Follows recorded conversations: the expected value of a Velox client after each step. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { connect, sse, websocket, type Replica, type Sync } from '@velox/core';
import { version2 } from '@velox/core/version2';
import { expect, onTestFinished, vi } from 'vitest';
import { WebSocket } from 'ws';
import { changed, changesOf, START, transcript, type Line } from '../wire/transcript.js';
import { Player, type PlayedConnection } from './player.js';

export interface Exception {
  readonly why: string;
  readonly recordings: string;
  /** Messages that are no JSON. */
  readonly isUnreadable?: true;
  /** The steps from which and until which the value differs; without an end, for good. */
  readonly from?: string;
  readonly until?: string;
  readonly path?: readonly string[];
  /** The client's value at the path; absent if there is none. */
  readonly has?: unknown;
}

export const exceptions = JSON.parse(
  readFileSync(resolve(import.meta.dirname, '../wire/exceptions.json'), 'utf8'),
) as Exception[];

/** The client under test, with the exceptions that apply. */
export class Truth {
  /** Whether messages that are no JSON are an exception here. */
  readonly isUnreadable: boolean;
  /** The id of the server's state. */
  readonly id: string | undefined;
  #document: unknown;
  #steps: string[] = [];
  readonly #exceptions: readonly Exception[];

  constructor(name: string) {
    const texts = transcript(name).map(({ text, raw }) => text ?? raw);
    this.id = /"id":"(\w{8})"/.exec(texts.join(''))?.[1];
    const blob = '0123456789abcdef'.repeat(1250);
    this.#document = name.includes('large') ? { ...START, blob } : START;
    this.#exceptions = exceptions.filter(({ recordings }) => new RegExp(recordings).test(name));
    this.isUnreadable = this.#exceptions.some((each) => each.isUnreadable);
  }

  take(line: Line): void {
    if (line.step) this.#steps.push(line.step);
    for (const changes of changesOf(line) ?? []) this.#document = changed(this.#document, changes);
  }

  get wanted(): unknown {
    const holding = this.#exceptions.filter(
      ({ from, until }) => from && this.#steps.includes(from) && !(until && this.#steps.includes(until)),
    );
    return holding.reduce((document, { path = [], has }) => {
      const op = has === undefined ? 'del' : 'set';
      return changed(document, [{ op, path, value: has }]);
    }, this.#document);
  }
}

/** Splits a recording at its control lines: each part is the server's output on one connection. */
export function segmentsOf(
  lines: readonly Line[],
  conn: string,
): { control: Line | undefined; bytes: Line[] }[] {
  const segments: { control: Line | undefined; bytes: Line[] }[] = [{ control: undefined, bytes: [] }];
  for (const line of lines) {
    if (line.dir === 'control') segments.push({ control: line, bytes: [] });
    else if (line.dir === 'server->client' && line.conn === conn) segments.at(-1)?.bytes.push(line);
  }
  return segments;
}

export async function setUp(isWebSocket: boolean) {
  const player = await Player.listen();
  const transport = isWebSocket ? websocket(WebSocket) : sse();
  const sync = connect(player.url, { transports: [version2(transport)] });
  onTestFinished(async () => {
    sync.close();
    await player[Symbol.asyncDispose]();
  });
  const replica = sync.replica();
  replica.subscribe(() => undefined);
  return { player, sync, replica };
}

export const shows = (replica: Replica<unknown>, wanted: unknown): Promise<void> =>
  vi.waitFor(() => expect(replica.get()).toEqual(wanted), { interval: 2, timeout: 5_000 });

export const isOpen = (sync: Sync): Promise<void> =>
  vi.waitFor(() => expect(sync.status.get()).toMatchObject({ state: 'open', protocol: 2 }), { interval: 2 });

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n';

export function isUnreadable(text: string): boolean {
  const lines = text.split('\n').filter((line) => line.startsWith('data: '));
  return lines.some((line) => {
    try {
      JSON.parse(line.slice('data: '.length));
      return false;
    } catch {
      return true;
    }
  });
}

/** Plays segments to a client, which has to show the document after each. */
export async function follow(
  { player, replica }: Pick<Awaited<ReturnType<typeof setUp>>, 'player' | 'replica'>,
  first: PlayedConnection,
  segments: ReturnType<typeof segmentsOf>,
  truth: Truth,
): Promise<{ checks: number; connection: PlayedConnection }> {
  let connection = first;
  let checks = 0;
  let hasState = false;
  for (const { control, bytes } of segments) {
    if (control) truth.take(control);
    for (const line of bytes) connection.play(line);
    const text = bytes.map((line) => line.text ?? line.raw).join('');
    if (truth.isUnreadable && isUnreadable(text)) {
      connection = await player.accept(); // the client connects again
      connection.play({ t: 0, dir: 'server->client', kind: 'head', raw: HEAD });
      const version = Number(/"version":(\d+)/.exec(text)?.[1]);
      connection.isPlain = true;
      const whole = JSON.stringify({ id: truth.id, version, body: truth.wanted });
      connection.body(Buffer.from(`data: {"ping":true}\n\ndata: ${whole}\n\n`));
    }
    hasState ||= bytes.some(({ text, raw }) => (text ?? raw).includes('"version"'));
    if (!hasState) continue;
    await shows(replica, truth.wanted);
    checks++;
  }
  return { checks, connection };
}

import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { ConnectOptions, Sync } from '@velox/core';
import type { Hub, HubOptions, LogEntry, Session } from '@velox/server';
import { createTestSync, type TestSync } from '@velox/server/testing';
import { expect, it, onTestFinished } from 'vitest';

/** A hub whose clients have the names that they say, on virtual time. */
export interface Rig {
  readonly test: TestSync;
  readonly hub: Hub;
  /** Connects a client of a name, which keeps its link. */
  readonly join: (name: string, options?: Pick<ConnectOptions, 'events' | 'retry'>) => Promise<Sync>;
  /** Connected clients. */
  readonly ann: Sync;
  readonly bob: Sync;
  /** The session of a name. */
  readonly of: (name: string) => Session;
  /** Lets time pass, so that messages arrive. */
  readonly go: (ms?: number) => Promise<void>;
  readonly log: LogEntry[];
  /** Notes of a client: `name data`. */
  readonly heard: string[];
}

export async function setUp(options: HubOptions = {}): Promise<Rig> {
  const log: LogEntry[] = [];
  const test = await createTestSync({
    authorize: ({ token }) => ({ id: token }),
    identify: (context) => (context as { id: string }).id,
    name: (context) => (context as { id: string }).id,
    canJoin: () => true,
    logger: (entry) => log.push(entry),
    ...options,
  });
  onTestFinished(() => test.close());
  const heard: string[] = [];
  const join: Rig['join'] = async (name, more) => {
    const sync = test.connect({ auth: () => name, ...more });
    for (const event of ['note', 'message']) {
      sync.on(event, (data) => heard.push(`${name} ${event} ${JSON.stringify(data)}`));
    }
    await test.advance();
    return sync;
  };
  const of = (name: string): Session => {
    const [session] = test.hub.only(name).sessions();
    if (!session) throw new Error(`there is no session "${name}".`);
    return session;
  };
  const [ann, bob] = [await join('ann'), await join('bob')];
  return { test, hub: test.hub, join, ann, bob, of, go: (ms) => test.advance(ms), log, heard };
}

/** A row of a table, by its left side. */
export type Rows = Readonly<Record<string, () => Promise<void>>>;

/** The left cells of the tables below a heading of a page. */
export function leftCells(page: string, heading: string): string[] {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs', page), 'utf8');
  const section = text.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => row.split(' | ')[0]?.replace(/^\| /, '') ?? '');
}

/** Tests that each row of a table has a test, and runs it. */
export function testRows(page: string, heading: string, rows: Rows): void {
  it(`docs/${page}, ${heading}: each row of the table has a test`, () => {
    expect(Object.keys(rows)).toEqual(leftCells(page, heading));
  });
  it.each(Object.entries(rows))(`${heading}: %s`, (_, run) => run());
}

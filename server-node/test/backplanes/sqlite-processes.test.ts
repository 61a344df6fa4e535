import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Database from 'libsql';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { sqlite } from '@velox/server/sqlite';
import { bundle } from '../rig/bundle.js';

const folder = mkdtempSync(join(tmpdir(), 'velox-sqlite-'));
const file = join(folder, 'velox.db');
let program: string;
beforeAll(async () => {
  program = await bundle(join(import.meta.dirname, 'sqlite-writer.ts'), ['libsql']);
}, 60_000);
afterAll(() => {
  rmSync(dirname(program), { recursive: true });
  rmSync(folder, { recursive: true });
});

interface Writer {
  readonly child: ChildProcess;
  /** The tags that it has printed. */
  readonly acknowledged: string[];
}

function startWriter(name: string): Writer {
  const child = spawn(process.execPath, [program, file, name], { stdio: ['ignore', 'pipe', 'inherit'] });
  const acknowledged: string[] = [];
  let rest = '';
  child.stdout.on('data', (text: Buffer) => {
    const lines = (rest + text.toString()).split('\n');
    rest = lines.pop() as string;
    acknowledged.push(...lines);
  });
  return { child, acknowledged };
}

async function kill({ child }: Writer): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

describe('SQLite in several processes', () => {
  it('keeps each acknowledged revision once and without a hole, though the writers are killed', async () => {
    const writers = ['a', 'b', 'c', 'd'].map(startWriter);
    const total = (): number => writers.reduce((sum, { acknowledged }) => sum + acknowledged.length, 0);
    for (let n = 0; n < 2; n++) {
      const before = total();
      await vi.waitFor(() => expect(total()).toBeGreaterThan(before + 300), 30_000);
      await kill(writers[n] as Writer);
      writers.push(startWriter(`again${n}`));
    }
    const backplane = sqlite(new Database(file));
    const { log } = backplane;
    const heard: number[] = [];
    const end = await log.follow('topic', ({ at }) => heard.push(at.version), vi.fn());
    await vi.waitFor(() => expect(heard.length).toBeGreaterThan(100), 30_000);
    end();
    await Promise.all(writers.slice(2).map(kill));
    await backplane.close();

    const { revisions } = await log.open('topic', '0');
    expect(revisions.map(({ at }) => at.version)).toEqual(revisions.map((_, n) => n + 2));
    const tags = new Set(revisions.map(({ tag }) => tag));
    expect(tags.size).toBe(revisions.length);
    const acknowledged = writers.flatMap((writer) => writer.acknowledged);
    expect(acknowledged.length).toBeGreaterThan(600);
    expect(acknowledged.filter((tag) => !tags.has(tag))).toEqual([]);
    // Processes of others are heard in order, and without a hole.
    expect(heard).toEqual(heard.map((_, n) => (heard[0] as number) + n));
  }, 120_000);
});

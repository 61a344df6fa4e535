import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterAll, describe, expect, it } from 'vitest';
import { logContract } from '@velox/server/testing';
import { level } from './level-log.js';

const folder = mkdtempSync(join(tmpdir(), 'velox-level-'));
const db = new ClassicLevel(folder);
afterAll(async () => {
  await db.close();
  rmSync(folder, { recursive: true });
});

describe('the log on LevelDB of docs/backplanes.md', () => {
  it('is the code that the document shows', () => {
    const document = readFileSync(resolve(import.meta.dirname, '../../../docs/backplanes.md'), 'utf8');
    const code = readFileSync(resolve(import.meta.dirname, 'level-log.ts'), 'utf8');
    expect(document.includes(`\`\`\`ts\n${code}\`\`\``)).toBe(true);
  });

  const backplane = level(db);
  for (const { title, run } of logContract({ connect: () => backplane })) it(title, run);
});

import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it, onTestFinished } from 'vitest';
import { bundleTest } from '../../scripts/bundle-simulation.mjs';
import { freePort } from './rig/free-port.js';

it(
  'two workers serve one port, share a state, and a killed one is replaced',
  { timeout: 60_000 },
  async () => {
    const bundle = await bundleTest('server-node/test/workers/app.ts');
    const port = await freePort();
    const primary = spawn(process.execPath, [bundle], {
      env: { ...process.env, PORT: `${port}` },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    onTestFinished(() => {
      primary.kill();
      rmSync(join(bundle, '..'), { recursive: true, force: true });
    });
    const lines = createInterface(primary.stdout)[Symbol.asyncIterator]();
    const started = async (): Promise<number> => Number.parseInt((await lines.next()).value as string, 10);
    const pids = [await started(), await started()];
    const ask = async (method: string): Promise<{ pid: number; n: number }> =>
      (await (await fetch(`http://127.0.0.1:${port}`, { method })).json()) as { pid: number; n: number };
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask('POST')));
    expect(new Set(answers.map(({ pid }) => pid))).toEqual(new Set(pids));
    expect(Math.max(...answers.map(({ n }) => n))).toBe(20);
    process.kill(pids[0] as number, 'SIGKILL');
    const replacement = await started();
    expect(pids).not.toContain(replacement);
    // loaded from the file, before it listens
    for (let seen = new Set<number>(); seen.size < 2;) {
      const { pid, n } = await ask('GET');
      expect(n).toBe(20);
      seen = seen.add(pid);
    }
  },
);

/** The end of `velox.workers` by a signal: each worker closes by itself, and the primary process waits for it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { bundleTest } from '../../scripts/bundle-simulation.mjs';
import { freePort } from './rig/free-port.js';
import { rawSubscribe } from './rig/raw-client.js';

let bundle: string;

beforeAll(async () => void (bundle = await bundleTest('server-node/test/workers/drained-app.ts')), 60_000);
afterAll(() => rmSync(join(bundle, '..'), { recursive: true, force: true }));

it.each([
  ['SIGTERM to the primary process, as of `docker stop`,', 'SIGTERM', (pid: number) => pid],
  ['SIGTERM to all processes, as of systemd,', 'SIGTERM', (pid: number) => -pid],
  ['SIGINT to all processes, as of Ctrl-C,', 'SIGINT', (pid: number) => -pid],
] as const)(
  '%s ends the workers by `closeOnSignal`, and removes the default folder',
  { timeout: 60_000 },
  async (_, signal, target) => {
    const folder = mkdtempSync(join(tmpdir(), 'velox-test-'));
    const port = await freePort();
    const primary = spawn(process.execPath, [bundle], {
      env: { ...process.env, PORT: `${port}`, TMPDIR: folder },
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true, // with a process group of its own
    });
    const ended = once(primary, 'close');
    onTestFinished(() => {
      primary.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    });
    const said: string[] = [];
    const lines = createInterface(primary.stdout);
    const started = new Promise<void>((resolve) => {
      lines.on('line', (line) => {
        said.push(line);
        if (said.length === 2) resolve();
      });
    });
    await started;
    const links = Array.from({ length: 4 }, () =>
      rawSubscribe(`http://127.0.0.1:${port}`, { topic: 'stock' }),
    );
    onTestFinished(() => links.forEach((link) => link.close()));
    for (const link of links) await link.find((frame) => 'body' in frame);
    expect(readdirSync(folder)).toHaveLength(1);

    process.kill(target(primary.pid as number), signal);
    for (const link of links)
      expect(await link.find((frame) => 'bye' in frame)).toMatchObject({ bye: { code: 'going-away' } });
    expect(await ended).toEqual([0, null]);
    expect(said).toEqual(['started', 'started', 'closed', 'closed']);
    expect(readdirSync(folder)).toEqual([]);
  },
);

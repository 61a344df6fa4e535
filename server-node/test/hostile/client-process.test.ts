/** A client in Node, where an uncaught exception would end the process. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createHub } from '../../src/index.js';
import { bundle } from '../rig/bundle.js';
import { listen } from '../rig/listen.js';

it("a client's process survives callbacks that throw and a server that refuses everything", async () => {
  const hub = createHub({ canJoin: () => false, logger: () => undefined });
  const board = hub.state('board', { n: 0 });
  await using server = await listen(hub.handle);
  const script = await bundle(resolve(import.meta.dirname, 'client-victim.ts'), []);
  const child = spawn(process.execPath, [script, server.origin], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  const lines = createInterface(child.stdout);

  for (const round of [1, 2]) {
    await expect.poll(() => hub.stats().sessions - hub.stats().away).toBe(1);
    const [session] = hub.sessions();
    board.update((draft) => void draft.n++);
    session?.emit('notice', round);
    await expect(session?.call('ask', round)).rejects.toMatchObject({ code: 'internal' });
    session?.emit('done', round);
    expect(await once(lines, 'line')).toEqual([`done ${round}`]);
    server.cut();
  }

  for (const callback of [
    'delay',
    'a subscriber',
    'onFrame',
    'onReconnect',
    'a listener of the status',
    'a listener of an event',
    'an answer',
  ])
    await expect.poll(() => errors).toContain(`thrown by ${callback}`);
  expect(errors).toContain('may not join');
  expect(child.exitCode).toBeNull();
});

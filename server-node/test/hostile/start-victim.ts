/** Servers in processes of their own, for attacks that end a process, or fill its memory. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { bundle } from '../rig/bundle.js';
import type { Measured } from './victim.js';

let bundled: Promise<string> | undefined;

export interface Victim extends AsyncDisposable {
  readonly origin: string;
  /** Its memory after a collection of garbage, and its CPU time so far. */
  measure(): Promise<Measured>;
  /** Its stderr, with warnings and the reason of its end. */
  readonly errors: () => string;
  /** Whether the process lives. */
  readonly isAlive: () => boolean;
}

/** Starts the server of a scenario; it ends with `await using`. */
export async function startVictim(scenario: string): Promise<Victim> {
  const child = fork(await (bundled ??= bundle(join(import.meta.dirname, 'victim.ts'), ['ws'])), [scenario], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let errors = '';
  child.stderr?.on('data', (text: Buffer) => (errors += text.toString()));
  const ended = once(child, 'exit');
  const { origin } = (await reply(child, ended)) as { origin: string };
  return {
    origin,
    async measure() {
      child.send('measure');
      return (await reply(child, ended)) as Measured;
    },
    errors: () => errors,
    isAlive: () => child.exitCode === null && child.signalCode === null,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function reply(child: ChildProcess, ended: Promise<unknown>): Promise<unknown> {
  const [message] = (await Promise.race([once(child, 'message'), ended])) as [unknown];
  if (typeof message !== 'object' || message === null)
    throw new Error(`the victim ended (${String(message)})`);
  return message;
}

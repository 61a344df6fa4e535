import type { Message } from '../../src/wire/message.js';
import type { Outlet } from '../../src/wire/outlet.js';
import type { Frame } from './raw-client.js';

/** An outlet without a network. A test can read the writes, and can make the outlet full or broken. */
export class FakeOutlet implements Outlet {
  readonly transport = 'fake';
  isTwoWay = true;
  waiting = 0;
  /** The frames of each write. */
  readonly writes: Frame[][] = [];
  #texts: string[] = [];
  /** The bytes of each write. */
  readonly sizes: number[] = [];
  closed: string | undefined;
  full = false;
  broken = false;
  /** Called with each write. */
  onWrite = (): unknown => undefined;

  write(messages: readonly Message[]): boolean {
    if (this.broken) throw new Error('of the outlet');
    this.onWrite();
    this.writes.push(messages.map(({ text }) => JSON.parse(text) as Frame));
    this.#texts.push(...messages.map(({ text }) => text));
    this.sizes.push(messages.reduce((sum, { text }) => sum + Buffer.byteLength(text), 0));
    return !this.full;
  }

  close(code: number, reason: string): void {
    this.closed ??= `${code} ${reason}`;
  }

  /** All frames, and forgets them. */
  take(): Frame[] {
    return this.writes.splice(0).flat();
  }
  /** The text of each message since the last call. */
  takeTexts(): string[] {
    return this.#texts.splice(0);
  }
}

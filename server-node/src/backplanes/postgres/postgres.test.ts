import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { postgres, type PostgresQuery } from './index.js';

interface Rows {
  readonly rows: unknown[];
}

/** A connection that notifies itself, and takes a millisecond for each query. */
class FakeClient extends EventEmitter {
  readonly texts: string[] = [];
  isReleased = false;
  constructor(readonly answer: (text: string) => Promise<void>) {
    super();
  }
  async query({ text }: PostgresQuery): Promise<Rows> {
    this.texts.push(text);
    await sleep(1);
    if (this.isReleased) throw new Error('Connection terminated');
    await this.answer(text);
    const [, channel] = /^NOTIFY "(.*)"/.exec(text) ?? [];
    if (channel) this.emit('notification', { channel });
    return { rows: [] };
  }
  release(): void {
    this.isReleased = true;
  }
}

class FakePool extends EventEmitter {
  readonly clients: FakeClient[] = [];
  readonly texts: string[] = [];
  answer: (text: string) => Promise<void> = () => Promise.resolve();
  connect(): Promise<FakeClient> {
    const client = new FakeClient((text) => this.answer(text));
    this.clients.push(client);
    return Promise.resolve(client);
  }
  query({ text }: PostgresQuery): Promise<Rows> {
    this.texts.push(text);
    return Promise.resolve({ rows: [{ done: false }] });
  }
}

describe('a backplane on a pool of PostgreSQL', () => {
  it('handles the errors of its pools, which would end the process', () => {
    const [pool, listen] = [new FakePool(), new FakePool()];
    postgres(pool, { listen });
    postgres(pool);
    for (const each of [pool, listen]) {
      expect(each.emit('error', new Error('terminating connection'))).toBe(true);
      expect(each.listenerCount('error')).toBe(1);
    }
  });
});

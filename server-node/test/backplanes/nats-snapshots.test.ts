import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { createHub } from '@velox/server';
import type { Log, Place } from '@velox/server/backplane';
import { nats } from '@velox/server/nats';
import { FakeNats } from '../rig/fake-jetstream.js';
import { append, logOf, LONG } from '../rig/nats-log.js';

/** Losses of a power cut, if the stream has written the removals first. `older`: the messages before the last snapshot. */
const LOSSES: readonly [title: string, lose: (server: FakeNats, older: FakeNats['messages']) => void][] = [
  ['the snapshot of a topic', (server) => remove(server, '.snapshot.')],
  [
    'the newer one of two snapshots',
    (server, older) => {
      remove(server, '.snapshot.');
      server.messages.unshift(...older.filter(({ subject }) => subject.includes('.snapshot.')));
    },
  ],
  ['the parts of a snapshot', (server) => remove(server, '.body.')],
];

function remove(server: FakeNats, part: string): void {
  server.messages = server.messages.filter(({ subject }) => !subject.includes(part));
}

describe.each(LOSSES)('NATS that lost %s and has removed the revisions below', (_, loseValue) => {
  const lostSnapshot = {
    code: 'unavailable',
    message: expect.stringContaining('lost the snapshot') as string,
  };

  /** A topic at version 4, whose value at version 3 is lost. */
  async function lose(): Promise<{ log: Log; saved: Place; at: Place; fresh: Log }> {
    const server = new FakeNats();
    const log = logOf(server.connect());
    const first = await append(log, (await log.open('topic', '0')).snapshot.at, 'a');
    expect(await log.saveSnapshot('topic', first, '"older"', 10)).toBe(true);
    const older = [...server.messages];
    const saved = await append(log, first, 'b');
    expect(await log.saveSnapshot('topic', saved, LONG, 1)).toBe(true);
    const at = await append(log, saved, 'c');
    loseValue(server, older);
    const fresh = logOf(server.connect());
    await expect(fresh.open('topic', '"initial"')).rejects.toMatchObject(lostSnapshot);
    return { log, saved, at, fresh };
  }

  it('gets it from the next save of a server that holds the topic', async () => {
    const { log, at, fresh } = await lose();
    expect(await log.saveSnapshot('topic', at, '"held"', 10)).toBe(true);
    const { snapshot, revisions } = await fresh.open('topic', '"initial"');
    expect([snapshot, revisions]).toEqual([{ at, value: '"held"' }, []]);
  });

  it('gets it from a save at the version that was saved before', async () => {
    const { log, saved, at, fresh } = await lose();
    expect(await log.saveSnapshot('topic', saved, '"held"', 10)).toBe(true);
    const { snapshot, revisions } = await fresh.open('topic', '"initial"');
    expect(snapshot).toEqual({ at: saved, value: '"held"' });
    expect(revisions).toMatchObject([{ at, tag: 'c' }]);
    expect(await log.saveSnapshot('topic', saved, '"again"', 10)).toBe(false);
  });

  it('keeps the newer revisions from a server whose value is older', async () => {
    const { log, at } = await lose();
    await expect(log.open('topic', '"old"', at.version)).rejects.toMatchObject(lostSnapshot);
    expect(await log.heads(['topic'])).toEqual([at]);
  });

  it('begins a new epoch with the value of a server that holds the newest version', async () => {
    const { log, at, fresh } = await lose();
    const { snapshot } = await log.open('topic', '"held"', at.version + 1);
    expect(snapshot.value).toBe('"held"');
    expect(snapshot.at.version).toBe(at.version + 1);
    expect(snapshot.at.id).not.toBe(at.id);
    expect(await fresh.read('topic', at)).toBe('other');
    const next = await append(log, snapshot.at, 'd');
    expect((await fresh.open('topic', '"initial"')).revisions).toMatchObject([{ at: next, tag: 'd' }]);
    expect(await fresh.read('topic', snapshot.at)).toHaveLength(1);
    expect(await log.saveSnapshot('topic', next, '"saved"', 1)).toBe(true);
    expect((await fresh.open('topic', '"initial"')).snapshot).toEqual({ at: next, value: '"saved"' });
  });
});

describe('a server that holds a topic after NATS was restarted', () => {
  /** The messages of the snapshot after a restart that loses what `lose` removes. */
  async function restart(lose: (server: FakeNats) => void): Promise<FakeNats> {
    const server = new FakeNats();
    const client = server.connect();
    const hub = createHub({ backplane: nats(client, client.jetstream), logger: () => undefined });
    const state = hub.shared('topic', { n: 0 }, { snapshotEvery: 4, keep: 1 });
    for (let n = 0; n < 4; n++) await state.update((draft) => void draft.n++);
    await vi.waitFor(() => expect(server.messages).toHaveLength(3), 5_000); // it was saved
    lose(server);
    server.save()();
    client.reconnect();
    const isConfirmed = (): boolean => server.messages.some(({ text }) => text.includes(' confirm '));
    await vi.waitFor(() => expect(isConfirmed()).toBe(true), 5_000);
    await sleep(200);
    await hub.close();
    return server;
  }
  const snapshotIn = ({ messages }: FakeNats): string | undefined =>
    messages.findLast(({ subject }) => subject.includes('.snapshot.'))?.text;

  it('saves a snapshot without an update if NATS has lost it', async () => {
    const server = await restart((each) => remove(each, '.snapshot.'));
    expect(snapshotIn(server)).toMatch(/^5 /);
    const { snapshot } = await logOf(server.connect()).open('topic', '{}');
    expect(snapshot.value).toBe('{"n":4}');
  });

  it('saves no snapshot if NATS still has one', async () => {
    const server = await restart(() => undefined);
    expect(snapshotIn(server)).toMatch(/^4 /);
  });
});

describe('a drop of a topic on NATS', () => {
  interface Drop {
    readonly log: Log;
    readonly other: Log;
    /** Calls back when the log of the topic is empty, and its snapshot is there. */
    readonly onEmpty: (act: () => unknown) => void;
  }
  async function prepare(): Promise<Drop> {
    const server = new FakeNats();
    const client = server.connect();
    const [log, other] = [logOf(client), logOf(server.connect())];
    let { at } = (await log.open('topic', '"old"')).snapshot;
    for (const tag of ['a', 'b']) at = await append(log, at, tag, LONG);
    expect(await log.saveSnapshot('topic', at, LONG, 1)).toBe(true);
    const onEmpty = (act: () => unknown): void => {
      client.onSend = (subject, text) => {
        if (!subject.includes('.PURGE.') || !text.includes('.snapshot.')) return;
        client.onSend = () => undefined;
        return act();
      };
    };
    return { log, other, onEmpty };
  }

  it('a topic can be created again and saved after a drop that ended in the middle', async () => {
    const { log, onEmpty } = await prepare();
    onEmpty(() => {
      throw new Error('TIMEOUT');
    });
    await expect(log.drop('topic')).rejects.toThrow('TIMEOUT');
    const { snapshot } = await log.open('topic', '"new"');
    expect([snapshot.at.version, snapshot.value]).toEqual([1, '"new"']);
    const at = await append(log, snapshot.at, 'c');
    expect(await log.saveSnapshot('topic', at, '"saved"', 1)).toBe(true);
    expect((await log.open('topic', '0')).snapshot).toEqual({ at, value: '"saved"' });
  });

  it.each([false, true])(
    'a topic that another server creates again during the drop keeps its new entries (with a snapshot: %s)',
    async (isSaved) => {
      const { log, other, onEmpty } = await prepare();
      const value = JSON.stringify('y'.repeat(2_000_000));
      let at: Place | undefined;
      onEmpty(async () => {
        at = await append(other, (await other.open('topic', value)).snapshot.at, 'c', LONG);
        if (isSaved) expect(await other.saveSnapshot('topic', at, value, 1)).toBe(true);
      });
      await log.drop('topic');
      const { snapshot, revisions } = await log.open('topic', '0');
      expect(snapshot.value === value).toBe(true); // a difference would be printed in full
      expect([snapshot.at, ...revisions.map((each) => each.at)].at(-1)).toEqual(at);
    },
  );
});

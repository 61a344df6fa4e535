import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerFrame } from '../../src/protocol/frames.js';
import type { CloseReason, Link, LinkEvents, Transport } from '../../src/connection/transport.js';

/** The other end of a link, played by a test. */
export interface Peer {
  /** Sends one message whole, as the transport frames them. */
  readonly send: (message: string) => void;
  /** Ends the link in order. */
  readonly end: () => void;
  /** Cuts the wire. */
  readonly cut: () => void;
  /** Resolves when the client is gone. */
  readonly gone: Promise<unknown>;
}

/** A real server of a transport. */
export interface Rig {
  /** Absolute http URL. */
  readonly url: string;
  /** The next client, once it is there. */
  readonly accept: () => Promise<Peer>;
  /** The server answers the next request with this HTTP status. */
  readonly refuse: (status: number) => void;
  readonly close: () => Promise<void>;
}

/** All that one link told, in order, and a way to wait for it. */
interface Log extends LinkEvents {
  readonly calls: string[];
  readonly reasons: CloseReason[];
  /** Resolves when the calls match. */
  readonly until: (done: (calls: readonly string[]) => boolean) => Promise<void>;
}

function createLog(): Log {
  const waiting = new Set<() => void>();
  const calls: string[] = [];
  const reasons: CloseReason[] = [];
  const note = (call: string): void => {
    calls.push(call);
    for (const check of [...waiting]) check();
  };
  return {
    calls,
    reasons,
    onOpen: () => note('open'),
    onByte: () => note('byte'),
    onFrame: (frame: ServerFrame, text) => note(`frame ${text} ${JSON.stringify(frame)}`),
    onClose(reason) {
      reasons.push(reason);
      note('close');
    },
    until: (done) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (!done(calls)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}

const text = (version: number): string => `{"id":"a","version":${version},"body":"ä€😀 ${version}"}`;
const told = (version: number): string => `frame ${text(version)} ${text(version)}`;
/** What matters of the calls: bytes come as the wire likes. */
const heard = (log: Log): string[] => log.calls.filter((call) => call !== 'byte');
const count = (calls: readonly string[], prefix: string): number =>
  calls.filter((call) => call.startsWith(prefix)).length;
/** Long enough for messages in flight between two sockets of this machine. */
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

/** The guarantees of {@link LinkEvents}, tried on a transport over real sockets. */
export function testTransportContract(transport: Transport, start: () => Promise<Rig>): void {
  describe(`the ${transport.name} transport`, () => {
    let rig: Rig;
    let links: Link[];
    beforeEach(async () => {
      links = [];
      rig = await start();
    });
    afterEach(async () => {
      links.forEach((link) => link.close());
      await rig.close();
    });
    const connect = (log: LinkEvents, url = rig.url): Link => {
      const open = [{ open: {} }, { subscribe: [{}] }];
      const link = transport({ url, headers: {}, open }, log);
      links.push(link);
      return link;
    };
    const connected = async () => {
      const log = createLog();
      const link = connect(log);
      const peer = await rig.accept();
      await log.until((calls) => calls.includes('open'));
      return { log, link, peer };
    };

    it('opens once and before any frame, and passes on frames in the order sent, with their text', async () => {
      const { log, peer } = await connected();
      const versions = Array.from({ length: 50 }, (_, i) => i + 1);
      versions.forEach((version) => peer.send(text(version)));
      await log.until((calls) => count(calls, 'frame') === 50);
      expect(heard(log)).toEqual(['open', ...versions.map(told)]);
    });

    it('reports bytes before the frame that they belong to', async () => {
      const { log, peer } = await connected();
      peer.send(text(1));
      await log.until((calls) => count(calls, 'frame') === 1);
      expect(log.calls.indexOf('byte')).toBeGreaterThan(-1);
      expect(log.calls.indexOf('byte')).toBeLessThan(log.calls.indexOf(told(1)));
    });

    it('takes a message of a megabyte', async () => {
      const { log, peer } = await connected();
      const big = JSON.stringify({ id: 'a', version: 1, body: '€'.repeat(350_000) });
      peer.send(big);
      await log.until((calls) => count(calls, 'frame') === 1);
      expect(log.calls.at(-1)).toBe(`frame ${big} ${big}`);
    });

    it.each(['end', 'cut'] as const)('closes once and last when the server %ss', async (how) => {
      const { log, peer, link } = await connected();
      peer.send(text(1));
      await log.until((calls) => count(calls, 'frame') === 1);
      peer[how]();
      await log.until((calls) => calls.includes('close'));
      link.close();
      await settle();
      expect(heard(log)).toEqual(['open', told(1), 'close']);
      expect(log.reasons[0]).toMatchObject({ code: 'lost' });
      expect(log.reasons[0]?.message).not.toBe('');
    });

    it('closes once, without opening and not within the call, if no server listens', async () => {
      const { url } = rig;
      await rig.close();
      const log = createLog();
      connect(log, url);
      expect(log.calls).toEqual([]);
      await log.until((calls) => calls.includes('close'));
      await settle();
      expect(log.calls).toEqual(['close']);
    });

    it('closes once, without opening, when it is refused', async () => {
      rig.refuse(404);
      const log = createLog();
      connect(log);
      await log.until((calls) => calls.includes('close'));
      await settle();
      expect(log.calls).toEqual(['close']);
    });

    it('is silent after close(), which may be called again, and releases the server', async () => {
      const { log, peer, link } = await connected();
      link.close();
      const before = [...log.calls];
      peer.send(text(1));
      link.close();
      await peer.gone;
      await settle();
      expect(log.calls).toEqual(before);
    });

    it('is silent when it is closed before it opens', async () => {
      const log = createLog();
      connect(log).close();
      await settle();
      expect(log.calls).toEqual([]);
    });

    it('is silent after a callback closes it', async () => {
      const log = createLog();
      const link = connect({ ...log, onFrame: (...args) => (log.onFrame(...args), link.close()) });
      const peer = await rig.accept();
      [1, 2, 3].forEach((version) => peer.send(text(version)));
      await peer.gone;
      await settle();
      expect(heard(log)).toEqual(['open', told(1)]);
    });

    it.each(['{"id":', '[]', '{"id":"a","version":0,"body":1}', 'x'])(
      'closes as bad-frame, and releases the server, for the message %s',
      async (bad) => {
        const { log, peer } = await connected();
        [text(1), bad, text(2)].forEach((message) => peer.send(message));
        await peer.gone;
        await settle();
        expect(heard(log)).toEqual(['open', told(1), 'close']);
        expect(log.reasons[0]).toMatchObject({ code: 'bad-frame' });
      },
    );

    it('closes as bad-frame when the listener cannot use a frame', async () => {
      const log = createLog();
      connect({
        ...log,
        onFrame(...args) {
          log.onFrame(...args);
          throw new Error('useless');
        },
      });
      const peer = await rig.accept();
      [1, 2].forEach((version) => peer.send(text(version)));
      await peer.gone;
      await settle();
      expect(heard(log)).toEqual(['open', told(1), 'close']);
      expect(log.reasons[0]).toMatchObject({ code: 'bad-frame', message: 'Error: useless' });
    });

    it('passes on frames of an unknown kind', async () => {
      const { log, peer } = await connected();
      ['{"later":1}', text(1)].forEach((message) => peer.send(message));
      await log.until((calls) => count(calls, 'frame') === 2);
      expect(heard(log)).toEqual(['open', 'frame {"later":1} {"later":1}', told(1)]);
    });

    it('creates independent links', async () => {
      const first = await connected();
      const second = await connected();
      first.link.close();
      await first.peer.gone;
      second.peer.send(text(1));
      await second.log.until((calls) => count(calls, 'frame') === 1);
      expect(heard(first.log)).toEqual(['open']);
      expect(heard(second.log)).toEqual(['open', told(1)]);
    });
  });
}

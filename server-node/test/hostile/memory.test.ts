/** What strangers and hostile clients make a server hold: measured in a process of its own. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { rawWebSocket } from '../rig/raw-client.js';
import { HANDSHAKE, RawConnection } from '../rig/raw-connection.js';
import { frame } from '../rig/raw-frames.js';
import { startVictim, type Victim } from './start-victim.js';

const KB = 1024;
const MB = 1024 * KB;
const DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits';

async function webSocket(victim: Victim): Promise<RawConnection> {
  const peer = new RawConnection(victim.origin);
  onTestFinished(() => void peer.socket.destroy());
  peer.request([...HANDSHAKE, DEFLATE]);
  await peer.until(/101 Switching Protocols/);
  return peer;
}

function get(victim: Victim, lines: readonly string[], times: number): RawConnection {
  const peer = new RawConnection(victim.origin);
  onTestFinished(() => void peer.socket.destroy());
  const request = `${['GET /sync?velox=3 HTTP/1.1', 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`;
  peer.socket.write(request.repeat(times));
  return peer;
}

const BOMB = frame.deflated(Buffer.alloc(50 * MB, ' '));
const SMALL_BOMB = frame.deflated(Buffer.alloc(MB, ' '));

/** Grows by how many bytes during an attack. */
async function growth(victim: Victim, attack: () => Promise<unknown>): Promise<number> {
  const { memory } = await victim.measure();
  await attack();
  await delay(300);
  return (await victim.measure()).memory - memory;
}

it('1,000 strangers that send all they may hold at most 64 MB', async () => {
  await using victim = await startVictim('stuck');
  const grown = await growth(victim, async () => {
    const peers = await Promise.all(Array.from({ length: 1_000 }, () => webSocket(victim)));
    for (const { socket } of peers) {
      socket.write(frame.text('{"open":{}}'));
      socket.write(frame.text('x'.repeat(15 * KB)));
    }
    await delay(500);
  });
  expect(grown).toBeLessThan(64 * MB);
}, 60_000);

it.each<[string, string, (peer: RawConnection) => void]>([
  ['bombs before open', 'open', ({ socket }) => socket.write(BOMB)],
  [
    'bombs behind open',
    'stuck',
    ({ socket }) => {
      socket.write(Buffer.concat([frame.text('{"open":{}}'), ...Array<Buffer>(14).fill(SMALL_BOMB)]));
    },
  ],
  ['unfinished frames', 'open', ({ socket }) => socket.write(frame.text(Buffer.alloc(MB)).subarray(0, -1))],
  [
    'unfinished frames in segments of a byte',
    'open',
    ({ socket }) => {
      socket.setNoDelay();
      for (const byte of frame.text(Buffer.alloc(2 * KB)).subarray(0, -1)) socket.write(Buffer.from([byte]));
    },
  ],
])(
  '100 strangers with %s hold at most 16 KiB each',
  async (_, scenario, attack) => {
    await using victim = await startVictim(scenario);
    const idle = await growth(victim, async () => {
      for (let n = 0; n < 100; n++) await webSocket(victim);
    });
    const grown = await growth(victim, async () => {
      const peers = await Promise.all(Array.from({ length: 100 }, () => webSocket(victim)));
      for (const peer of peers) attack(peer);
      await delay(500);
    });
    expect((grown - idle) / 100).toBeLessThan(16 * KB);
  },
  60_000,
);

it('pipelined requests ask one question per connection', async () => {
  await using victim = await startVictim('stuck');
  const grown = await growth(victim, async () => {
    for (let n = 0; n < 10; n++) get(victim, ['Accept: text/event-stream'], 5_000);
    await delay(500);
  });
  expect(grown).toBeLessThan(10 * MB);
});

it('pipelined event streams leave no session behind', async () => {
  await using victim = await startVictim('open');
  const peers = Array.from({ length: 100 }, () => get(victim, ['Accept: text/event-stream'], 10));
  await Promise.all(peers.map((peer) => Promise.race([peer.until(/"hello"/), peer.whenClosed()])));
  for (const { socket } of peers) socket.destroy();
  await expect.poll(async () => (await victim.measure()).stats.sessions).toBe(0);
});

it('POSTs that open a session are read up to 64 KiB', async () => {
  await using victim = await startVictim('authorizing');
  const post = async (bytes: number): Promise<number> => {
    const body = JSON.stringify([{ open: {} }, { subscribe: [{}] }]).padEnd(bytes);
    const headers = { accept: 'application/json' };
    return (await fetch(`${victim.origin}/sync?velox=3`, { method: 'POST', headers, body })).status;
  };
  expect(await post(64 * KB)).toBe(200);
  expect(await post(64 * KB + 1)).toBe(413);
});

it('1,000 GETs from 1,000 versions leave no more than 16 MB', async () => {
  await using victim = await startVictim('history');
  const snapshot = await (await fetch(`${victim.origin}/sync`)).json();
  const { id, version } = snapshot as { id: string; version: number };
  const grown = await growth(victim, async () => {
    for (let from = version - 900; from < version; from += 10) {
      await Promise.all(
        Array.from({ length: 10 }, async (_, at) => {
          const abort = new AbortController();
          const response = await fetch(`${victim.origin}/sync?velox=3&id=${id}&v=${from + at}`, {
            headers: { accept: 'text/event-stream' },
            signal: abort.signal,
          });
          await response.body?.getReader().read();
          abort.abort();
        }),
      );
    }
  });
  expect(grown).toBeLessThan(16 * MB);
}, 60_000);

it('a session holds at most its unfinished message', async () => {
  await using victim = await startVictim('open');
  const grown = await growth(victim, async () => {
    for (let n = 0; n < 20; n++) {
      const { socket } = await webSocket(victim);
      socket.write(frame.text('{"open":{}}'));
      socket.write(frame.text(Buffer.alloc(MB)).subarray(0, -1));
    }
    await delay(500);
  });
  expect(grown / 20).toBeLessThan(2.25 * MB);
});

it('sessions that were opened by POST and never polled make room for others', async () => {
  await using victim = await startVictim('small');
  for (let n = 0; n < 40; n++) {
    const body = '[{"open":{}}]';
    await fetch(`${victim.origin}/sync?velox=3`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body,
    });
  }
  for (let n = 0; n < 10; n++) {
    const link = rawWebSocket(victim.origin);
    onTestFinished(() => link.close());
    link.send({ open: {} });
    expect(await link.next()).toHaveProperty('hello');
  }
});

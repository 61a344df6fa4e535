import { afterEach, expect, it, onTestFinished, vi } from 'vitest';
import * as velox from '../../index.js';
import { listen, type Listening } from '../../../test/rig/listen.js';
import { rawWebSocket, type RawLink } from '../../../test/rig/raw-client.js';
import { HANDSHAKE, RawConnection } from '../../../test/rig/raw-connection.js';
import { frame } from '../../../test/rig/raw-frames.js';

afterEach(() => void vi.useRealTimers());

/** A client that answers no close frame, as if its network were gone. */
async function silentLink({ origin }: Listening): Promise<{ link: RawConnection; session: string }> {
  const link = new RawConnection(origin);
  onTestFinished(() => void link.socket.destroy());
  link.request(HANDSHAKE);
  await link.until(/\r\n\r\n/);
  link.socket.write(frame.text('{"open":{}}'));
  const [, session = ''] = /"session":"([^"]+)"/.exec(await link.until(/"hello".*\}/)) ?? [];
  return { link, session };
}

/** Resumes a session on another link, which replaces the former one. */
async function resume({ origin }: Listening, session: string): Promise<RawLink> {
  const link = rawWebSocket(origin);
  onTestFinished(() => link.close());
  link.send({ open: { session } });
  expect(await link.next()).toMatchObject({ hello: { session } });
  return link;
}

it('half a message on a link that another one has replaced does not end its session', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const hub = velox.createHub();
  await using server = await listen(hub.handle);
  const { link, session } = await silentLink(server);
  link.socket.write(Buffer.concat([frame.raw(0x01, Buffer.from('{"event":')), frame.ping()]));
  await link.until(/\}\x8a/); // the pong: the server has the first part
  vi.advanceTimersByTime(27_000);
  const newer = await resume(server, session);
  vi.advanceTimersByTime(4_000); // the message is late, and the server still waits for the close frame
  newer.send({ ping: true });
  expect(await newer.find((each) => 'ping' in each)).toEqual({ ping: true });
  expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
});

/** One of several servers, in a process of its own, whose clients come and go between them. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createHub } from '../../src/create-hub.js';
import { backplaneOf } from '../torture/backplane-of.js';
import type { MoverAnswer, MoverOrder, MoverSetup } from './orders.js';

const setup = JSON.parse(process.argv[2] as string) as MoverSetup;
/** The events that clients sent here, in order. */
const received: string[] = [];
let moved = 0;
const delays = monitorEventLoopDelay();
delays.enable();
const hub = createHub({
  backplane: await backplaneOf(setup),
  canJoin: () => true,
  authorize: ({ request }) => new URL(request.url ?? '', 'http://host').searchParams.get('client'),
  limits: { opensPerAddress: Infinity, sessionsPerIdentity: Infinity },
  onConnect: (_, { isMoved }) => void (moved += isMoved ? 1 : 0),
});
hub.on('up', (session, data) => {
  received.push(String(data));
  session.emit('down', data);
});

const answer = (message: MoverAnswer): void => void process.send?.(message);

process.on('message', (order: MoverOrder) => {
  if ('cast' in order) return void hub.to('all').emit('cast', order.cast);
  const sessions = hub.sessions().map(({ context, transport, rooms }) => ({ context, transport, rooms }));
  answer({ received, moved, sessions, lag: Math.round(delays.max / 1e6) });
});
process.on('disconnect', () => process.exit());

const server = createServer(hub.handle as never).listen(0, '127.0.0.1', () =>
  answer({ port: (server.address() as AddressInfo).port }),
);

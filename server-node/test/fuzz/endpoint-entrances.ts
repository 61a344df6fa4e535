/** Attacks on the endpoints of other protocols: plain event streams, and the WebSockets of entity-sync. */
import type { Random } from '../../src/testing/random.js';
import { frame } from '../rig/raw-frames.js';
import { ROW_REQUESTS } from './corpus.js';
import { mutated, mutatedBytes, withOddMember } from './generate.js';
import type { Target } from './target.js';
import { EXTENSION, head, headers, message, WEB_SOCKET, write, type Note } from './write.js';

const PLACES = [
  '/events',
  '/events?name=x',
  '/events?lastEventId=x%3A1',
  '/events?velox=3&topic=a',
  '/events?%ff',
];
const POSITIONS = [
  'closed',
  'x:1',
  'x:999999999999999999',
  ':',
  'x:-1',
  '8c6b0c0e-2a53-4b6c-9a44-8d1f5ad2a1b7:3',
];

/** A plain event stream. Some clients come back with a Last-Event-ID, also of the session that they had. */
export async function eventSource(target: Target, random: Random, note: Note): Promise<void> {
  const near = target.connect();
  let text = '';
  near.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
  const lines = (position: string): string[] => [
    'Host: localhost',
    ...(random.chance(0.9) ? ['Accept: text/event-stream'] : []),
    ...(random.chance(0.7) ? [`Last-Event-ID: ${position}`] : []),
    ...headers(random),
  ];
  const oddPosition = (): string => {
    const position = random.pick(POSITIONS);
    return (random.chance(0.4) ? mutated(random, position) : position).replaceAll(/[\r\n]/g, ' ');
  };
  const method = random.pick(['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'OPTIONS']);
  const request = head(method, random.pick(PLACES), lines(oddPosition()));
  write(near, random, random.chance(0.2) ? mutatedBytes(random, request) : request, note);
  await target.settle(1);
  target.hub.emit('e', random.pick(['x', 'a\nb', '\r', '\u2028', null, { 'data:': '\n\n' }]));
  await target.settle(1);
  const id = /^id: (.*)$/m.exec(text)?.[1];
  if (id === undefined || random.chance(0.5)) return;
  const again = target.connect();
  write(
    again,
    random,
    head('GET', '/events', lines(random.chance(0.6) ? id : mutated(random, id).replaceAll(/\s/g, ' '))),
    note,
  );
}

/** A WebSocket of an entity-sync client. */
export async function entitySync(target: Target, random: Random, note: Note): Promise<void> {
  const near = target.connect();
  near.write(
    head('GET', '/rows', [
      ...(random.chance(0.6) ? WEB_SOCKET : [...WEB_SOCKET, EXTENSION]),
      ...(random.chance(0.2) ? headers(random) : []),
    ]),
  );
  await target.settle(0);
  const messages = Array.from({ length: random.between(1, 8) }, () => {
    const text = random.pick(ROW_REQUESTS);
    const kind = random.between(0, 9);
    if (kind < 3) return frame.text(text);
    if (kind < 6) return frame.text(JSON.stringify(withOddMember(random, JSON.parse(text))));
    return kind < 7 ? frame.text(mutated(random, text)) : message(random, text);
  });
  write(near, random, Buffer.concat(messages), note);
  await target.settle(1);
  for (const id of ['7', '__proto__']) target.changeRow(id);
}

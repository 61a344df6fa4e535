/** The process of a contender's clients: raw sockets that only count bytes, so that their own cost does not distort the result. */
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Counter } from './counter.mjs';

const PATIENCE = 60_000;
/** By contender. */
const groups = new Map();
const arrivals = new Map();

const commands = {
  /** Opens so many links; resolves when each has got `greeting` messages. */
  async open({ name, port, count, client, headers, greeting }) {
    const group = groups.get(name) ?? [];
    groups.set(name, group);
    const opened = Array.from({ length: count }, () => link(port, client, headers));
    group.push(...opened);
    await until(() => {
      for (const { error } of opened) if (error) throw error;
      return opened.every(({ counter }) => counter && counter.messages >= greeting);
    }, name);
  },
  /** Resolves when each link has got so many more messages than at the last look; gives the bytes of a link since. */
  async arrived({ name, messages }) {
    const group = groups.get(name);
    const has = ({ counter, seen = 0 }) => counter.messages - seen >= messages;
    await until(
      () => group.every(has),
      `${name}: ${group[0].counter.messages - (group[0].seen ?? 0)} of ${messages}`,
    );
    return look(group);
  },
  /** The last link reads no more, or again. */
  stall: ({ name }) => void groups.get(name).at(-1).socket.pause(),
  resume: ({ name }) => void groups.get(name).at(-1).socket.resume(),
  /** Notes when the first link gets each message from now on. */
  watch({ name }) {
    const [{ counter }] = groups.get(name);
    arrivals.set(name, []);
    counter.onMessage = () => arrivals.get(name).push(Number(process.hrtime.bigint()) / 1e6);
  },
  /** When they came, once there are so many. */
  async arrivals({ name, count }) {
    await until(
      () => arrivals.get(name).length >= count,
      `${name}: ${arrivals.get(name).length} of ${count}`,
    );
    groups.get(name)[0].counter.onMessage = () => undefined;
    return arrivals.get(name);
  },
  /** Messages and bytes of each link since the last look. */
  each: ({ name }) =>
    groups.get(name).map(({ counter, seen = 0, bytesSeen = 0 }) => ({
      messages: counter.messages - seen,
      bytes: counter.bytes - bytesSeen,
    })),
  look: ({ name }) => look(groups.get(name)),
  close({ name }) {
    for (const { socket } of groups.get(name)) socket.destroy();
    groups.delete(name);
  },
};

function look(group) {
  const [{ counter, bytesSeen = 0 }] = group;
  const bytes = counter.bytes - bytesSeen;
  for (const each of group) {
    each.seen = each.counter.messages;
    each.bytesSeen = each.counter.bytes;
  }
  return bytes;
}

function link(port, { kind, path, first = [] }, headers) {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  const self = { socket, counter: undefined };
  const lines = kind === 'websocket' ? HANDSHAKE : ['Accept: text/event-stream'];
  socket.write([`GET ${path} HTTP/1.1`, 'Host: localhost', ...lines, ...headers, '', ''].join('\r\n'));
  let head = '';
  const onHead = (data) => {
    head += data.latin1Slice();
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) return;
    if (!/^HTTP\/1.1 (101|200)/.test(head)) throw new Error(`refused: ${head}`);
    const counter = new Counter(kind);
    self.counter = counter;
    self.head = head.slice(0, end);
    socket.off('data', onHead).on('data', (more) => counter.take(more));
    const rest = Buffer.from(head.slice(end + 4), 'latin1');
    if (rest.length) counter.take(rest);
    if (first.length) socket.write(Buffer.concat(first.map(masked)));
  };
  socket.on('data', onHead);
  socket.on('error', (error) => (self.error = error));
  return self;
}

const HANDSHAKE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** A text frame of a client (RFC 6455 §5.2), masked with zeros. */
function masked(text) {
  const length = Buffer.byteLength(text);
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([0x81, ...size, 0, 0, 0, 0]), Buffer.from(text)]);
}

async function until(isDone, what) {
  for (const end = Date.now() + PATIENCE; !isDone(); await sleep(5)) {
    if (Date.now() > end) throw new Error(`did not arrive: ${what}`);
  }
}

process.on('message', async ({ id, command, ...what }) => {
  const value = await commands[command](what);
  process.send({ id, value });
});
process.on('disconnect', () => process.exit());

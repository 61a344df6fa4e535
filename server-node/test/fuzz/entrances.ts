import type { Duplex } from 'node:stream';
import type { Random } from '../../src/testing/random.js';
import { frame } from '../rig/raw-frames.js';
import { http2Frame } from '../rig/raw-http2.js';
import { bus, log } from './cluster-entrances.js';
import { entitySync, eventSource } from './endpoint-entrances.js';
import { frameText, mutated, mutatedBytes } from './generate.js';
import { EXTENSION, head, headers, message, path, WEB_SOCKET, write, type Note } from './write.js';
import type { Target } from './target.js';

const WINDOW_UPDATE = Buffer.from('\0\0\x04\x08\0\0\0\0\0\0\0\0\x01');

/** One attack: opens connections and writes to them. */
export type Entrance = (target: Target, random: Random, note: Note) => void | Promise<void>;

/** Most attacks begin as a client does, so that they reach what lies behind the opening. */
async function webSocket(target: Target, random: Random, note: Note): Promise<void> {
  const near = target.connect();
  near.write(head('GET', '/?velox=3', random.chance(0.6) ? WEB_SOCKET : [...WEB_SOCKET, EXTENSION]));
  await target.settle(0);
  if (random.chance(0.8)) near.write(frame.text('{"open":{}}'));
  const count = random.between(1, 8);
  write(near, random, Buffer.concat(Array.from({ length: count }, () => message(random))), note);
}

/** The body of a POST: an array of frames, most of them with an opening, and some of them broken. */
function body(random: Random, isOpening: boolean): string {
  const frames = Array.from({ length: random.between(0, 6) }, () => frameText(random));
  const text = `[${[...(isOpening ? ['{"open":{}}'] : []), ...frames].join()}]`;
  return random.chance(0.15) ? mutated(random, text) : text;
}

async function post(target: Target, random: Random, note: Note): Promise<void> {
  const opener = target.connect();
  const accept = random.chance(0.5) ? 'Accept: application/json' : 'Accept: text/event-stream';
  const write_ = (near: Duplex, text: string, more: readonly string[]): void => {
    const length = Buffer.byteLength(text) + (random.chance(0.05) ? random.between(-3, 3) : 0);
    const lines = [
      'Host: localhost',
      accept,
      `Content-Length: ${Math.max(0, length)}`,
      ...more,
      ...headers(random),
    ];
    write(near, random, Buffer.concat([head('POST', '/?velox=3', lines), Buffer.from(text)]), note);
  };
  if (random.chance(0.5)) {
    write_(opener, body(random, random.chance(0.8)), []);
    return;
  }
  const session = await openPolling(target, opener);
  const poster = target.connect();
  write_(poster, body(random, false), [`Velox-Session: ${session}`, `Velox-Post: ${random.between(0, 3)}`]);
}

async function openPolling(target: Target, near: Duplex): Promise<string> {
  let text = '';
  const listen = (chunk: Buffer): void => void (text += chunk.toString('latin1'));
  near.on('data', listen);
  const opening = '[{"open":{}},{"subscribe":[{"topic":"a"}]}]';
  near.write(
    head('POST', '/?velox=3', [
      'Host: localhost',
      'Accept: application/json',
      `Content-Length: ${opening.length}`,
    ]),
  );
  near.write(opening);
  await target.settle(1);
  near.off('data', listen);
  return /"session":"([^"]*)"/.exec(text)?.[1] ?? 'none';
}

async function poll(target: Target, random: Random, note: Note): Promise<void> {
  const opener = target.connect();
  const session = await openPolling(target, opener);
  const pollers = Array.from({ length: random.between(1, 3) }, () => target.connect());
  for (const poller of pollers) {
    const number = random.pick(['1', '2', '1', '-1', '1e99', 'NaN', '', '0x1', '9007199254740993']);
    const link = random.pick(['1', '1', '1', '2', '-1', 'x']);
    const own = [
      'Host: localhost',
      'Accept: application/json',
      `Velox-Session: ${session}`,
      `Velox-Poll: ${number}`,
    ];
    const lines = [...own, `Velox-Link: ${link}`, ...headers(random)];
    const times = random.chance(0.1) ? 20 : 1;
    write(poller, random, Buffer.concat(Array<Buffer>(times).fill(head('GET', '/?velox=3', lines))), note);
  }
}

function stream(target: Target, random: Random, note: Note): void {
  const near = target.connect();
  const lines = ['Host: localhost', 'Accept: text/event-stream', ...headers(random)];
  write(near, random, head('GET', path(random), lines), note);
}

/** Requests of any kind: their heads are mutated, and the connection may become something else. */
function upgrade(target: Target, random: Random, note: Note): void {
  const near = target.connect();
  const method = random.pick(['GET', 'GET', 'GET', 'HEAD', 'POST', 'OPTIONS', 'PUT', 'DELETE', 'PROPFIND']);
  const lines = random.chance(0.6)
    ? [...WEB_SOCKET, ...headers(random)]
    : ['Host: localhost', ...headers(random)];
  const request = head(method, path(random), lines);
  const bytes = random.chance(0.3) ? mutatedBytes(random, request) : request;
  write(near, random, Buffer.concat([bytes, random.chance(0.4) ? message(random) : Buffer.alloc(0)]), note);
}

function version2(target: Target, random: Random, note: Note): void {
  const near = target.connect();
  const where = random.pick([
    '/',
    '/?topic=a',
    '/?topic=secret',
    '/?topic=items/7',
    '/?topic=%00',
    '/?id=1&v=2',
  ]);
  if (random.chance(0.5)) {
    write(
      near,
      random,
      head('GET', where, ['Host: localhost', 'Accept: text/event-stream', ...headers(random)]),
      note,
    );
  } else {
    const count = random.between(1, 5);
    const messages = Array.from({ length: count }, () => message(random));
    write(near, random, Buffer.concat([head('GET', where, [...WEB_SOCKET, EXTENSION]), ...messages]), note);
  }
}

/** Requests as bytes: Node's client sends no odd path, and takes half of the time. */
function http2(target: Target, random: Random, note: Note): void {
  const near = target.connect('http2');
  near.write(http2Frame.opening());
  const count = random.between(1, 4);
  for (let at = 0; at < count; at++) {
    const isPost = random.chance(0.5);
    const accept = random.pick(['text/event-stream', 'application/json', '*/*']);
    const given = {
      ':method': isPost ? 'POST' : random.pick(['GET', 'HEAD', 'PUT']),
      ':scheme': 'http',
      ':authority': 'localhost',
      ':path': path(random),
      accept,
    };
    const text = isPost ? body(random, random.chance(0.8)) : '';
    const odd = random.chance(0.2) ? mutatedBytes(random, WINDOW_UPDATE) : Buffer.alloc(0);
    write(near, random, Buffer.concat([http2Frame.request(2 * at + 1, given, text), odd]), note);
  }
}

export const ENTRANCES: Readonly<Record<string, Entrance>> = {
  websocket: webSocket,
  post,
  poll,
  sse: stream,
  upgrade,
  'version-2': version2,
  http2,
  'event-source': eventSource,
  'entity-sync': entitySync,
  bus,
  log,
};

/**
 * The contenders of the broadcast race. A maker takes the options of a run: `changes` in an update, `topics` that change
 * in it, bytes of the `document`, and whether it is `compressed`. It returns a server that does not listen yet, and a
 * function that sends update `i` to all; `client` says how a client connects.
 */
import { createServer } from 'node:http';
import { constants, createGzip } from 'node:zlib';
import { ArraySchema, Encoder, schema, t } from '@colyseus/schema';
import * as velox from '@velox/server';
import { createChannel, createSession } from 'better-sse';
import crossws from 'crossws/adapters/node';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';
import { change, deltaText, makeTable, topicNames } from './payload.mjs';
import { chunk, rawSse, rawWebSocket } from './raw.mjs';

function veloxServer({ changes, topics = 1, document, compressed = false }) {
  const hub = velox.createHub({ compression: compressed, limits: { sessionsPerIdentity: 1e6 } });
  const states = topicNames(topics).map((topic = '') => hub.state(topic, makeTable(document)));
  const publish = (i) => {
    for (const state of states) state.update((table) => change(table, i, changes));
  };
  return { server: createServer(hub.handle), publish, stats: () => hub.stats() };
}

/** A topic with a view; clients belong to so many audiences in turn, which all see each change. */
function veloxViewServer({ changes, audiences }) {
  process.env.NODE_ENV = 'production'; // else each view runs twice
  let clients = 0;
  const hub = velox.createHub({
    compression: false,
    limits: { sessionsPerIdentity: 1e6, handshake: 60_000 },
    authorize: () => clients++ % audiences,
  });
  const state = hub.state('', makeTable(), {
    audience: (number) => number,
    view: (table, number) => ({ rows: velox.each(table.rows, number, (row) => row), number }),
  });
  const publish = (i) => state.update((table) => change(table, i, changes));
  return { server: createServer(hub.handle), publish, stats: () => hub.stats() };
}

/** The data of event `i`: as long as so many changes, or so many bytes. */
const eventData = (i, { changes, bytes }) =>
  bytes ? new Uint8Array(bytes).fill(i) : JSON.parse(deltaText(i, changes));

/** Many topics of one number; the first `topics` of those that are `registered` change in an update, and are subscribed. */
function veloxTopicsServer({ topics, registered }) {
  const hub = velox.createHub({ compression: false, limits: { subscriptions: topics } });
  const states = topicNames(registered).map((topic) => hub.state(topic, { n: 0 }));
  const publish = (i) => {
    for (const state of states.slice(0, topics)) state.update((draft) => void (draft.n = i + 1));
  };
  return { server: createServer(hub.handle), publish, stats: () => hub.stats() };
}

/** An event to all members: one message, which they share. The topics do not change. */
function veloxEventServer({ overflow = 'drop-oldest', topics = 0, ...spec }) {
  const limits = { sessionsPerIdentity: 1e6 };
  const hub = velox.createHub({ compression: false, limits, events: { overflow } });
  for (const topic of topicNames(topics)) hub.state(topic, { n: 0 });
  // The first event of a link has its number, and is not shared.
  hub.on('join', (session) => session.emit('joined', null));
  const publish = (i) => hub.emit('m', eventData(i, spec));
  return { server: createServer(hub.handle), publish, stats: () => hub.stats() };
}

/** The room and the data of cast `n`; each room has data of a length of its own. */
const castOf = (n, rooms) => [`r${n % rooms}`, 'x'.repeat(150 + (n % rooms))];

/** Casts to rooms in turn, `casts` in an update. Members come to the rooms in turn. */
function veloxCastServer({ rooms, casts }) {
  const hub = velox.createHub({ compression: false, limits: { sessionsPerIdentity: 1e6 } });
  let members = 0;
  hub.on('join', (session) => {
    session.join(`r${members++ % rooms}`);
    session.emit('joined', null);
  });
  const publish = (i) => {
    for (let n = i * casts; n < (i + 1) * casts; n++) {
      const [room, data] = castOf(n, rooms);
      hub.to(room).emit('m', data);
    }
  };
  return { server: createServer(hub.handle), publish, stats: () => hub.stats() };
}

function socketIoCastServer({ rooms, casts }) {
  const server = createServer();
  const io = new SocketIo(server, {
    perMessageDeflate: false,
    pingInterval: 1e6,
    transports: ['websocket'],
  });
  let members = 0;
  io.on('connection', (socket) => socket.join(`r${members++ % rooms}`));
  const publish = (i) => {
    for (let n = i * casts; n < (i + 1) * casts; n++) {
      const [room, data] = castOf(n, rooms);
      io.to(room).emit('m', data);
    }
  };
  return { server, publish };
}

function wsServer({ changes, document, compressed = false }) {
  const server = createServer();
  const perMessageDeflate = compressed && { threshold: 0, ...(compressed === 'alone' && ALONE) };
  const sockets = new WebSocketServer({ server, perMessageDeflate });
  const snapshot = document && JSON.stringify(makeTable(document));
  if (snapshot) sockets.on('connection', (socket) => socket.send(snapshot));
  const publish = (i) => {
    const text = deltaText(i, changes);
    for (const socket of sockets.clients) socket.send(text);
  };
  return { server, publish };
}

const ALONE = { serverNoContextTakeover: true, clientNoContextTakeover: true };

function socketIoServer({ document, compressed = false, ...spec }) {
  const server = createServer();
  const perMessageDeflate = compressed && { threshold: 0 };
  const io = new SocketIo(server, { perMessageDeflate, pingInterval: 1e6, transports: ['websocket'] });
  const snapshot = document && makeTable(document);
  if (snapshot) io.on('connection', (socket) => socket.emit('m', snapshot));
  return { server, publish: (i) => io.emit('m', eventData(i, spec)) };
}

function crosswsServer({ changes }) {
  const server = createServer();
  const hooks = { open: (peer) => peer.subscribe('m') };
  const adapter = crossws({ hooks, idleTimeout: 0 }); // no pings: they would count as messages
  server.on('upgrade', adapter.handleUpgrade);
  return { server, publish: (i) => adapter.publish('m', deltaText(i, changes)) };
}

Encoder.BUFFER_SIZE = 1 << 16;
const Row = schema({ id: t.uint32(), price: t.float64() }, 'Row'); // `number` would round to float32
const Table = schema({ rows: t.array(Row) }, 'Table');

/** State of its own classes: each update is encoded once, in a binary form, and goes to all by ws. */
function schemaServer({ changes }) {
  const server = createServer();
  const sockets = new WebSocketServer({ server, perMessageDeflate: false });
  const rows = makeTable().rows.map((row) => Object.assign(new Row(), row));
  const table = Object.assign(new Table(), { rows: new ArraySchema(...rows) });
  const encoder = new Encoder(table);
  encoder.discardChanges();
  sockets.on('connection', (socket) => socket.send(encoder.encodeAll().slice()));
  const publish = (i) => {
    change(table, i, changes);
    const bytes = encoder.encode().slice(); // it writes into the same memory again
    encoder.discardChanges();
    for (const socket of sockets.clients) socket.send(bytes);
  };
  return { server, publish };
}

function betterSseServer({ changes, document }) {
  const channel = createChannel();
  const snapshot = document && makeTable(document);
  const server = createServer((request, response) => {
    void createSession(request, response, { keepAlive: null }).then((session) => {
      if (snapshot) session.push(snapshot);
      channel.register(session);
    });
  });
  return { server, publish: (i) => channel.broadcast(JSON.parse(deltaText(i, changes))) };
}

/** Writes prebuilt bytes to the socket of each response: the limit for servers on node:http. */
function httpServer({ changes, document }) {
  const sockets = new Set();
  const snapshot = document && chunk(JSON.stringify({ id: 'life', version: 1, body: makeTable(document) }));
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    response.flushHeaders();
    const { socket } = response;
    if (snapshot) socket.write(snapshot);
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const publish = (i) => {
    const bytes = chunk(deltaText(i, changes));
    for (const socket of sockets) socket.write(bytes);
  };
  return { server, publish };
}

/** Each connection has a gzip of its own, flushed after each event. */
function gzipServer({ changes, document }) {
  const streams = new Set();
  const snapshot = document && `data: ${JSON.stringify(makeTable(document))}\n\n`;
  const send = (gzip, text) => {
    gzip.write(text);
    gzip.flush(constants.Z_SYNC_FLUSH);
  };
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' });
    const gzip = createGzip();
    gzip.pipe(response);
    streams.add(gzip);
    send(gzip, snapshot ?? ':\n\n');
  });
  const publish = (i) => {
    const text = `data: ${deltaText(i, changes)}\n\n`;
    for (const gzip of streams) send(gzip, text);
  };
  return { server, publish };
}

const webSocket = (path, first = []) => ({ kind: 'websocket', path, first });
const sse = (path) => ({ kind: 'sse', path });
const opening = ({ topics = 1 }) => [
  '{"open":{}}',
  JSON.stringify({ subscribe: topicNames(topics).map((topic) => ({ topic })) }),
];
const JOIN = '{"event":"join","data":null,"seq":1}';

/** By name: how the server is made, how clients get in, and how many messages they get before the first update. */
export const CONTENDERS = {
  raw: { make: rawWebSocket, client: () => webSocket('/'), greeting: ({ document }) => (document ? 1 : 0) },
  velox: {
    make: veloxServer,
    client: (spec) => webSocket('/?velox=3', opening(spec)),
    greeting: ({ topics = 1 }) => 1 + topics,
  },
  'velox view': {
    make: veloxViewServer,
    client: () => webSocket('/?velox=3', opening({})),
    greeting: () => 2,
  },
  'velox event': {
    make: veloxEventServer,
    client: ({ topics = 0 }) =>
      webSocket('/?velox=3', [...opening({ topics }).slice(0, topics ? 2 : 1), JOIN]),
    greeting: ({ topics = 0 }) => 2 + topics,
  },
  'velox topics': {
    make: veloxTopicsServer,
    client: (spec) => webSocket('/?velox=3', opening(spec)),
    greeting: ({ topics }) => 1 + topics,
  },
  'velox cast': {
    make: veloxCastServer,
    client: () => webSocket('/?velox=3', ['{"open":{}}', JOIN]),
    greeting: () => 2,
  },
  'socket.io cast': {
    make: socketIoCastServer,
    client: () => webSocket('/socket.io/?EIO=4&transport=websocket', ['40']),
    greeting: () => 2,
  },
  ws: { make: wsServer, client: () => webSocket('/'), greeting: ({ document }) => (document ? 1 : 0) },
  'socket.io': {
    make: socketIoServer,
    client: () => webSocket('/socket.io/?EIO=4&transport=websocket', ['40']),
    greeting: ({ document }) => (document ? 3 : 2),
  },
  crossws: { make: crosswsServer, client: () => webSocket('/'), greeting: () => 0 },
  '@colyseus/schema': { make: schemaServer, client: () => webSocket('/'), greeting: () => 1 },
  'raw sse': { make: rawSse, client: () => sse('/'), greeting: ({ document }) => (document ? 1 : 0) },
  'node:http sse': {
    make: httpServer,
    client: () => sse('/'),
    greeting: ({ document }) => (document ? 1 : 0),
  },
  'velox sse': {
    make: veloxServer,
    client: () => sse('/?velox=3'),
    greeting: ({ compressed }) => (compressed ? 3 : 2), // the head of gzip is one
  },
  'better-sse': { make: betterSseServer, client: () => sse('/'), greeting: () => 1 },
  'gzip each': { make: gzipServer, client: () => sse('/'), greeting: () => 1 },
};

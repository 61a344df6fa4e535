// One of the servers behind nginx. PORT, NAME, and one of POSTGRES, REDIS (URLs) or SQLITE (a file) come from start.mjs.
import { createServer } from 'node:http';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as velox from '@velox/server';

const { PORT, NAME, POSTGRES, REDIS, SQLITE, FOLDER } = process.env;

async function backplane() {
  if (POSTGRES) {
    const { default: pg } = await import('pg');
    const { postgres } = await import('@velox/server/postgres');
    return postgres(new pg.Pool({ connectionString: POSTGRES }));
  }
  if (REDIS) {
    const { Redis } = await import('ioredis');
    const { redis } = await import('@velox/server/redis');
    return redis(new Redis(REDIS, { maxRetriesPerRequest: null }));
  }
  const { default: grpc } = await import('@grpc/grpc-js');
  const { combine } = await import('@velox/server/backplane');
  const { mesh } = await import('@velox/server/mesh');
  const { sqlite } = await import('@velox/server/sqlite');
  const { default: Database } = await import('libsql');
  const bus = mesh({ grpc, secret: 'an example is no secret', folder: FOLDER });
  return combine({ log: sqlite(new Database(SQLITE)), bus });
}

const hub = velox.createHub({ backplane: await backplane() });
const shop = hub.shared('', { orders: [] });
const page = readFileSync(new URL('index.html', import.meta.url), 'utf8');

async function answer(request, response) {
  const { pathname } = new URL(request.url, 'http://localhost');
  if (pathname === '/velox.js') return velox.JS(request, response);
  if (pathname === '/sync') return hub.handle(request, response);
  if (pathname === '/orders' && request.method === 'POST') {
    const order = { id: randomUUID().slice(0, 8), by: NAME };
    await shop.update((draft) => {
      draft.orders.unshift(order);
      draft.orders.splice(20);
    });
    return response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(order));
  }
  response.writeHead(200, { 'content-type': 'text/html' }).end(page);
}

createServer((request, response) => {
  answer(request, response).catch((error) => {
    console.error(error);
    response.writeHead(503).end();
  });
}).listen(Number(PORT), '127.0.0.1', () =>
  console.log(`${NAME} listens on port ${PORT}: process ${process.pid}`),
);

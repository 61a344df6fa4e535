/** A server in two processes that count together. */
import { createServer } from 'node:http';
import grpc from '@grpc/grpc-js';
import Database from 'libsql';
import * as velox from '../../src/index.js';

await velox.workers({ grpc, database: (file) => new Database(file), count: 2 }, async (backplane) => {
  const hub = velox.createHub({ backplane });
  const counter = hub.shared('counter', { n: 0 });
  await counter.snapshot();
  const server = createServer((request, response) => {
    response.setHeader('connection', 'close'); // so that the next request reaches the other process
    const answer = (): unknown => response.end(JSON.stringify({ pid: process.pid, n: counter.get().n }));
    if (request.method !== 'POST') answer();
    else void counter.update((draft) => void draft.n++).then(answer);
  });
  server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    process.stdout.write(`${process.pid}\n`);
  });
});

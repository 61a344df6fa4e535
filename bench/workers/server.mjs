/** A server of `velox.workers` in argv[2] processes, which renders a shared state for each request. It sends its port when all serve. */
import cluster from 'node:cluster';
import { createServer } from 'node:http';
import grpc from '@grpc/grpc-js';
import * as velox from '@velox/server';
import Database from 'libsql';

const count = Number(process.argv[2]);
let serving = 0;
cluster.on('listening', (_, { port }) => {
  // The sockets of the mesh have no port.
  if (port > 0 && ++serving === count) process.send(port);
});

await velox.workers({ grpc, count, database: (file) => new Database(file) }, async (backplane) => {
  const hub = velox.createHub({ backplane });
  const rows = Array.from({ length: 500 }, (_, id) => ({ id, title: `row ${id}`, price: id * 1.5 }));
  const list = hub.shared('list', { rows });
  await list.snapshot();
  // Connections are idle while the other server has its turn.
  createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (_, response) => {
    // The work is in the server: the answer is short, so that the client takes little of the two cores.
    const total = JSON.parse(JSON.stringify(list.get().rows)).reduce((sum, { price }) => sum + price, 0);
    response.end(`${total}`);
  }).listen(0, '127.0.0.1');
});

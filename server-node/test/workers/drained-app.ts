/** A server in two processes that say goodbye to their clients at a signal. */
import { createServer } from 'node:http';
import grpc from '@grpc/grpc-js';
import Database from 'libsql';
import * as velox from '../../src/index.js';

await velox.workers({ grpc, database: (file) => new Database(file), count: 2 }, async (backplane) => {
  const hub = velox.createHub({ backplane });
  const stock = hub.shared('stock', { count: 100 });
  await stock.snapshot();
  const server = createServer(hub.handle);
  velox.closeOnSignal(hub, server, {
    drain: 300,
    async onClosed() {
      await backplane.close();
      process.stdout.write('closed\n');
    },
  });
  server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    process.stdout.write('started\n');
  });
});

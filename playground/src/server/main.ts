import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import express from 'express';
import { app, close } from './app.js';
import { withoutDetails } from './guard.js';

const port = Number(process.env.PORT ?? 8080);
/** This machine alone, unless told otherwise: the page shows its processes, and everyone who reaches it may edit the board. */
const host = process.env.HOST ?? '127.0.0.1';

app.use(express.static(fileURLToPath(new URL('../client', import.meta.url))));
app.use(withoutDetails);

const server = createServer(app);
server.on('error', (error) => {
  process.stderr.write(`velox playground: ${error.message}. Choose another port: PORT=8081 npm start\n`);
  process.exitCode = 1;
});
server.listen(port, host, () => {
  const address = server.address();
  const bound = typeof address === 'object' && address ? address.port : port;
  process.stdout.write(`velox playground: http://${host.includes(':') ? `[${host}]` : host}:${bound}/\n`);
});

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    void close().then(() => server.closeIdleConnections());
  });
}

import { createServer } from 'node:http2';
import { connect } from 'node:net';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { http2Frame, readStatuses } from './raw-http2.js';

it('sends requests to a server of HTTP/2, and reads each status of its answers', async () => {
  const statuses = [200, 204, 206, 304, 400, 401, 403, 404, 405, 413, 426, 429, 431, 500, 501, 503, 599];
  const heard: string[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      heard.push(`${request.method} ${text.length} ${request.headers.long?.length}`);
      response.writeHead(Number(request.url.slice(1))).end('answered');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as { port: number }).port, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
    server.close();
  });
  socket.write(http2Frame.opening());
  const seen: number[] = [];
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  for (const [at, status] of statuses.entries()) {
    const headers = {
      ':method': at % 2 ? 'POST' : 'GET',
      ':scheme': 'http',
      ':authority': 'x',
      ':path': `/${status}`,
    };
    socket.write(
      http2Frame.request(
        2 * at + 1,
        { ...headers, long: 'x'.repeat(1_000) },
        at % 2 ? 'x'.repeat(20_000) : '',
      ),
    );
    while (seen.length <= at) {
      await once(socket, 'data');
      seen.splice(0, Infinity, ...readStatuses(Buffer.concat(chunks)));
    }
  }
  expect(seen).toEqual(statuses);
  expect(heard).toEqual(statuses.map((_, at) => (at % 2 ? 'POST 20000 1000' : 'GET 0 1000')));
});

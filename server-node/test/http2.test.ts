/** Endpoints on a server of node:http2: a browser names its host in another header there. */
import { once } from 'node:events';
import { connect, createSecureServer, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import * as velox from '../src/index.js';
import { cert, key } from './rig/certificate.js';

/** Posts the opening of a link by long-polling; gives the answer's status and body. */
async function open(endpoint: velox.Endpoint, headers: IncomingHttpHeaders): Promise<[number, string]> {
  const server = createSecureServer({ cert, key }, (request, response) => {
    void endpoint.handle(request as never, response as never);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = connect(`https://${host}`, { ca: cert });
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  const stream = client.request({
    ':method': 'POST',
    ':path': '/?velox=3',
    accept: 'application/json',
    origin: `https://${host}`,
    ...headers,
  });
  stream.end(JSON.stringify([{ open: {} }, { subscribe: [{}] }]));
  const [answer] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status': number }];
  let body = '';
  for await (const chunk of stream.setEncoding('utf8')) body += chunk;
  return [answer[':status'], body];
}

it('a page of the own origin may act', async () => {
  const [status, body] = await open(velox.createHub(), {});
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject([{ hello: {} }, { denied: '', code: 'not-found' }]);
});

it('a page of another origin may not', async () => {
  const [status, body] = await open(velox.createHub(), { origin: 'https://evil.example' });
  expect(status).toBe(403);
  expect(body).toContain('bad-origin');
});

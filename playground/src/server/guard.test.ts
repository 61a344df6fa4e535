import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { afterAll, beforeAll, expect, it, onTestFinished, vi } from 'vitest';
import { onlyHosts, withoutDetails } from './guard.js';

let server: Server;

beforeAll(async () => {
  const app = express();
  app.use(onlyHosts('board.example'));
  app.get('/fails', () => {
    throw new Error('with a path of this machine');
  });
  app.get('/cards/:id', (_, response) => void response.send('a card'));
  app.use((_, response) => void response.send('served'));
  app.use(withoutDetails);
  server = createServer(app).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

function ask(path: string, host?: string): Promise<{ status: number | undefined; text: string }> {
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve, reject) => {
    const outgoing = request({ port, host: '127.0.0.1', path, headers: host ? { host } : {} }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.on('end', () => resolve({ status: response.statusCode, text }));
    });
    outgoing.on('error', reject).end();
  });
}

it.each([
  undefined,
  'localhost:8080',
  '127.0.0.1',
  '[::1]:8080',
  '192.168.1.7:80',
  'board.example',
  'Board.Example:1',
])('serves the host %s', async (host) => {
  expect(await ask('/', host)).toEqual({ status: 200, text: 'served' });
});

it.each([
  'evil.example',
  'localhost.evil.example',
  'localhost@evil.example',
  'evil.example/localhost',
  '127.0.0.1.evil.example',
])('refuses the host %s', async (host) => {
  expect((await ask('/', host)).status).toBe(421);
});

it('refuses a host that only URL.canParse accepts', async () => {
  const canParse = vi.spyOn(URL, 'canParse').mockReturnValue(true); // as in optimized code of Node 20
  onTestFinished(() => canParse.mockRestore());
  expect((await ask('/', 'loca\u00d8\u008ft')).status).toBe(421);
});

it.each([
  ['/cards/%ff', 400, 'Bad Request\n'],
  ['/fails', 500, 'Internal Server Error\n'],
])('answers an error of %s by its status alone', async (path, status, text) => {
  expect(await ask(path)).toEqual({ status, text });
});

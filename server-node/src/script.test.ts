import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScriptHandler } from './script.js';
import { listen } from '../test/rig/listen.js';

const code = 'var velox = () => "ü";'.padEnd(2_000);
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'velox-script-'));
  file = join(folder, 'velox.js');
  await writeFile(file, code);
});
afterEach(() => rm(folder, { recursive: true }));

it('serves a script, compressed for those who can read that', async () => {
  const handler = createScriptHandler(() => file);
  await using server = await listen((request, response) => void handler(request, response));
  const zipped = await fetch(server.origin);
  expect(await zipped.text()).toBe(code);
  expect(zipped.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(zipped.headers.get('vary')).toBe('Accept-Encoding');
  const plain = await fetch(server.origin, { headers: { 'Accept-Encoding': 'identity' } });
  expect(plain.headers.get('content-length')).toBe(`${Buffer.byteLength(code)}`);
  expect(await plain.text()).toBe(code);
  const head = await fetch(server.origin, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it('sends nothing to those who have it', async () => {
  const handler = createScriptHandler(() => file);
  await using server = await listen((request, response) => void handler(request, response));
  const etag = (await fetch(server.origin)).headers.get('etag') as string;
  const again = await fetch(server.origin, { headers: { 'If-None-Match': `W/${etag}` }, cache: 'no-store' });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

it('gives the error of a file that is not there to the next handler, or is a 500, until it is there', async () => {
  await rm(file);
  const handler = createScriptHandler(() => file);
  await using bare = await listen((request, response) => void handler(request, response));
  await using server = await listen((request, response) => {
    const next = (error: unknown) => response.writeHead(500).end((error as NodeJS.ErrnoException).code);
    void handler(request, response, next);
  });
  expect((await fetch(bare.origin)).status).toBe(500);
  expect(await (await fetch(server.origin)).text()).toBe('ENOENT');
  await writeFile(file, code);
  expect(await (await fetch(server.origin)).text()).toBe(code);
});

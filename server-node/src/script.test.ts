import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createScriptHandler } from './script.js';
import { listen } from '../test/rig/listen.js';

const code = 'var velox = () => import("./velox-more.js?abc"); "ü";'.padEnd(2_000);
const served = code.replace('./velox-more.js?', '?more=');
const more = 'export const id = "abc"; "ä";'.padEnd(2_000);
let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'velox-script-'));
  file = join(folder, 'velox.js');
  await writeFile(file, code);
  await writeFile(join(folder, 'velox-more.js'), more);
});
afterEach(() => rm(folder, { recursive: true }));

it('serves a script, compressed if the client accepts gzip', async () => {
  const handler = createScriptHandler(() => file);
  await using server = await listen((request, response) => void handler(request, response));
  const zipped = await fetch(server.origin);
  expect(await zipped.text()).toBe(served);
  expect(zipped.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(zipped.headers.get('content-encoding')).toBe('gzip');
  expect(zipped.headers.get('vary')).toBe('Accept-Encoding');
  const plain = await fetch(server.origin, { headers: { 'Accept-Encoding': 'identity' } });
  expect(plain.headers.get('content-length')).toBe(`${Buffer.byteLength(served)}`);
  expect(await plain.text()).toBe(served);
  for (const refused of ['gzip;q=0', 'br, gzip; q=0.0', '*;q=0']) {
    const answer = await fetch(server.origin, { headers: { 'Accept-Encoding': refused } });
    expect(answer.headers.get('content-encoding')).toBeNull();
    expect(await answer.text()).toBe(served);
  }
  const head = await fetch(server.origin, { method: 'HEAD' });
  expect([head.status, await head.text()]).toEqual([200, '']);
});

it('serves the second file to the query that the first one asks, for pages of any origin', async () => {
  const handler = createScriptHandler(() => file);
  await using server = await listen((request, response) => void handler(request, response));
  const first = await fetch(`${server.origin}/velox.js`);
  expect(first.headers.get('access-control-allow-origin')).toBe('*');
  const [, query = ''] = /import\("(.+?)"\)/.exec(await first.text()) ?? [];
  const second = await fetch(new URL(query, first.url));
  expect(await second.text()).toBe(more);
  expect(second.headers.get('content-type')).toBe('text/javascript; charset=utf-8');
  expect(second.headers.get('access-control-allow-origin')).toBe('*');
  expect(second.headers.get('etag')).not.toBe(first.headers.get('etag'));
});

it('answers 304 to a client that has the script', async () => {
  const handler = createScriptHandler(() => file);
  await using server = await listen((request, response) => void handler(request, response));
  const etag = (await fetch(server.origin)).headers.get('etag') as string;
  const again = await fetch(server.origin, { headers: { 'If-None-Match': `W/${etag}` }, cache: 'no-store' });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

it('passes the error of a missing file to the next handler, or answers 500, until the file exists', async () => {
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
  expect(await (await fetch(server.origin)).text()).toBe(served);
});

it('leaves a response alone that other code has answered in the meantime', async () => {
  const handler = createScriptHandler(() => file);
  const served: Promise<void>[] = [];
  await using server = await listen((request, response) => {
    served.push(handler(request, response));
    response.writeHead(503).end('late');
  });
  expect(await (await fetch(server.origin)).text()).toBe('late');
  expect(await Promise.all(served)).toEqual([undefined]);
});

it('leaves the main entry free of import.meta, which CommonJS cannot load', () => {
  const seen = new Set<string>();
  const visit = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    const text = readFileSync(path, 'utf8');
    expect({ path, uses: /\bimport\.meta\./.test(text) }).toEqual({ path, uses: false });
    for (const [, to = ''] of text.matchAll(/\sfrom '(\.[^']+)\.js'/g))
      visit(join(dirname(path), `${to}.ts`));
  };
  visit(join(import.meta.dirname, 'index.ts'));
  expect(seen.size).toBeGreaterThan(50);
});

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, createContext, runInContext } from 'node:vm';
import { build, type Rolldown } from 'vite';
import { afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type velox from '../core/src/classic.js';
import * as onNeed from '../core/src/transports/on-need.js';
import { createScriptHandler } from '../server-node/src/script.js';
import { listen } from '../server-node/test/rig/listen.js';
import { state } from '../server-node/src/index.js';

/** The built files by their names. */
const files = new Map<string, string>();
let folder: string;

beforeAll(async () => {
  const options = {
    configFile: 'vite.config.ts',
    mode: 'iife',
    logLevel: 'error',
    build: { write: false },
  } as const;
  const [{ output }] = (await build(options)) as unknown as [Rolldown.RolldownOutput];
  for (const each of output)
    files.set(each.fileName, each.type === 'chunk' ? each.code : String(each.source));
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'velox-js-'));
  for (const [name, text] of files) await writeFile(join(folder, name), text);
});
afterEach(() => rm(folder, { recursive: true }));

/** Runs velox.js as a page would, which finds its second file beside it. */
function runScript(): typeof velox {
  const page = createContext({
    ...{ AbortController, fetch, TextDecoderStream, URL, URLSearchParams, WritableStream },
    ...{ clearInterval, clearTimeout, performance, queueMicrotask, setTimeout },
  });
  runInContext(files.get('velox.js') ?? '', page, {
    filename: join(folder, 'velox.js'),
    importModuleDynamically: constants.USE_MAIN_CONTEXT_DEFAULT_LOADER,
  });
  return (page as { velox: typeof velox }).velox;
}

it('velox.js is a script with the global velox, and keeps an object live', async () => {
  const board = state({ rows: [{ id: 1, price: 1 }] });
  await using server = await listen((request, response) => void board.handle(request, response));
  const obj: { rows?: { price: number }[] } = {};
  const live = runScript().sse(server.origin, obj);
  const update = () =>
    new Promise<void>((resolve, reject) => {
      live.onupdate = () => resolve();
      live.onerror = reject;
    });
  await update();
  const [row] = obj.rows ?? [];
  expect(row?.price).toBe(1);
  const next = update();
  board.update((draft) => {
    for (const each of draft.rows) each.price = 2;
  });
  await next;
  expect(row?.price).toBe(2);
  live.disconnect();
  await board.close();
});

it.each([
  ['is missing', () => rm(join(folder, 'velox-more.js'))],
  [
    'belongs to another velox.js',
    () => writeFile(join(folder, 'velox-more.js'), 'export const id = "other"'),
  ],
])('velox.js reports the error not-loaded if its second file %s', async (_, harm) => {
  await harm();
  await using server = await listen((_, response) => void response.end());
  const live = runScript().sse(server.origin, {});
  const code = await new Promise((resolve) => {
    live.onerror = ({ code, message }) => {
      if (code === 'not-loaded') resolve(message);
    };
  });
  expect(code).toMatch(
    /velox-more\.js.+ was not loaded, which velox\.js needs\. Serve the file of the same version\.$/,
  );
  live.disconnect();
});

it('velox-more.js has all the code on need, without answers to calls', async () => {
  const more = (await import(/* @vite-ignore */ join(folder, 'velox-more.js'))) as object;
  expect(Object.keys({ ...more, replyTo: true }).sort()).toEqual(Object.keys({ ...onNeed, id: '' }).sort());
});

it('velox.js names its second file once, so the handler of the server can move it', async () => {
  expect(files.get('velox.js')?.split('./velox-more.js?')).toHaveLength(2);
  const handler = createScriptHandler(() => join(folder, 'velox.js'));
  await using server = await listen((request, response) => void handler(request, response));
  const first = await (await fetch(`${server.origin}/client.js`)).text();
  const [, query = ''] = /[`'"](\?more=[\w-]+)[`'"]/.exec(first) ?? [];
  const second = await (await fetch(`${server.origin}/client.js${query}`)).text();
  expect(second).toBe(files.get('velox-more.js'));
});

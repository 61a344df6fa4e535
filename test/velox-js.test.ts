import { createContext, runInContext } from 'node:vm';
import { build, type Rollup } from 'vite';
import { expect, it } from 'vitest';
import type velox from '../core/src/classic.js';
import * as onNeed from '../core/src/transports/on-need.js';
import { loaded } from '../scripts/velox-js/load.mjs';
import { listen } from '../server-node/test/rig/listen.js';
import { state } from '../server-node/src/index.js';

it('velox.js is a script with the global velox, and keeps an object live', async () => {
  const options = {
    configFile: 'vite.config.ts',
    mode: 'iife',
    logLevel: 'error',
    build: { write: false },
  } as const;
  const [{ output }] = (await build(options)) as unknown as [Rollup.RollupOutput];
  expect(output).toHaveLength(1);
  const page = createContext({
    ...{ AbortController, fetch, TextDecoderStream, URL, URLSearchParams, WritableStream },
    ...{ clearInterval, clearTimeout, performance, queueMicrotask, setTimeout },
  });
  runInContext(output[0].code, page);
  const global = page as { velox: typeof velox };

  const board = state({ rows: [{ id: 1, price: 1 }] });
  await using server = await listen((request, response) => void board.handle(request, response));
  const obj: { rows?: { price: number }[] } = {};
  const live = global.velox.sse(server.origin, obj);
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

it('velox.js has all the code on need, without answers to calls', () => {
  expect(Object.keys({ ...loaded, replyTo: true }).sort()).toEqual(Object.keys(onNeed).sort());
});

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createFakeTransport } from '../testing/fake-transport.js';
import { refusal } from './refusal.js';
import { shared } from './registry.js';

beforeEach(() => {
  vi.useFakeTimers();
  for (const name of ['document', 'location', 'WorkerGlobalScope']) vi.stubGlobal(name, undefined);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Whether a shared connection opens here. */
async function opens(): Promise<boolean> {
  const url = `https://${Math.random()}.example/sync`;
  const { transport, links } = createFakeTransport();
  const sync = shared(url, { transports: [transport] });
  sync.replica().subscribe(() => {});
  await vi.advanceTimersByTimeAsync(100);
  expect(refusal({ url, transports: [transport] })?.code).toBe(links.length ? undefined : 'no-transport');
  sync.close();
  return links.length > 0;
}

describe('a shared connection', () => {
  it.each<[string, Record<string, unknown>]>([
    ['a page', { document: { baseURI: 'https://h/' } }],
    ['a worker', { WorkerGlobalScope: class {}, location: { href: 'https://h/worker.js' } }],
    ['React Native', { navigator: { product: 'ReactNative' } }],
    ["Electron's main process", { process: { ...process, versions: { electron: '40.0.0' } } }],
  ])('opens in %s', async (_, globals) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    expect(await opens()).toBe(true);
  });

  it.each<[string, Record<string, unknown>]>([
    ['Node', {}],
    ['Deno', { Deno: {}, navigator: { userAgent: 'Deno/2' } }],
    ['Cloudflare', { WorkerGlobalScope: class {}, navigator: { userAgent: 'Cloudflare-Workers' } }],
    ['an edge runtime', { EdgeRuntime: 'edge' }],
  ])('does not open while a server renders in %s', async (_, globals) => {
    for (const [name, value] of Object.entries(globals)) vi.stubGlobal(name, value);
    expect(await opens()).toBe(false);
  });
});

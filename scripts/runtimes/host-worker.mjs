// Serves the app in workerd through miniflare, and holds clients of Node to the contract: `host-worker.mjs <bundle> <idle ms>`.
import assert from 'node:assert/strict';
import { Miniflare } from 'miniflare';
import { keepsContract } from './contract.mjs';
import { createNetwork } from './network.mjs';

const [, , scriptPath, idle] = process.argv;
const miniflare = new Miniflare({
  modules: true,
  scriptPath,
  compatibilityDate: '2026-05-01',
  compatibilityFlags: ['nodejs_compat'],
  durableObjects: { BOARD: 'Board' },
});
const { origin } = await miniflare.ready;
const { body } = await (await fetch(`${origin}/title`)).json();
assert.deepEqual(body, { text: 'at module level' });
console.log('ok  workerd: a state and a hub at module level');
const { WebSocket } = globalThis.WebSocket ? globalThis : await import('ws');
const network = createNetwork(WebSocket);
await Promise.all(
  ['sse', 'polling'].map(async (transport, at) => {
    const steps = await keepsContract(`${origin}/${at}`, transport, { idle: Number(idle), network });
    console.log(`ok  workerd ${transport}: ${steps} steps`);
  }),
);
await miniflare.dispose();
process.exit(0);

// Serves the app in workerd through miniflare, and holds clients of Node to the contract: `host-worker.mjs <bundle> <idle ms>`.
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

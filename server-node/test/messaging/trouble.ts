import type { Rig } from './ways.js';

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Faults of the network while messages travel, each ended before the next one. Links are cut at any byte. */
export async function trouble({ proxy }: Rig): Promise<void> {
  proxy.fragment(7);
  await sleep(50);
  proxy.cut();
  await sleep(100);
  proxy.fragment(false);
  proxy.delay(20);
  await sleep(100);
  proxy.cut();
  await proxy.refuse();
  await sleep(50);
  await proxy.heal();
  proxy.stall();
  await sleep(50);
  proxy.cut();
  await proxy.heal();
}

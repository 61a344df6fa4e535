import { queryObjects } from 'node:v8';
import { expect, it } from 'vitest';
import { createPlan, run, type Way } from './index.js';
import { SimulatedServer } from './server.js';

it.each<Way>(['websocket', 'sse', 'polling'])('a run over %s leaves no server in memory', async (way) => {
  const before = queryObjects(SimulatedServer);
  for (const seed of [1, 2]) await run(createPlan(seed, way));
  expect(queryObjects(SimulatedServer)).toBe(before);
});

import { cpus, hostname, loadavg, release, type, uptime } from 'node:os';
import * as velox from '@velox/server';
import type { Machine } from '../model.js';
import { createLoadMeter, createNetworkMeter, readMemory } from './meters.js';
import { createProcessMeter } from './processes.js';

/** Milliseconds between two samples. */
const PERIOD = 500;
/** A minute. */
const HISTORY = 120;
const TOP = 40;

const readLoad = createLoadMeter();
const readNetwork = createNetworkMeter();
const readProcesses = createProcessMeter(TOP);

const value: Machine = {
  host: hostname(),
  system: `${type()} ${release()}`,
  processor: cpus()[0]?.model.trim() ?? '',
  uptime: 0,
  load: [],
  average: [],
  memory: { total: 0, used: 0 },
  network: null,
  history: [],
  processCount: 0,
  processes: [],
};

/** The machine, watched: this file changes a plain object and pushes; Velox finds the differences. */
export const machine: velox.Published<Machine> = velox.state(value);

let samples = 0;

function sample(): void {
  const load = readLoad();
  const network = readNetwork();
  const memory = readMemory();
  const { count, busiest } = readProcesses();
  const mean = Math.round(load.reduce((sum, core) => sum + core, 0) / Math.max(1, load.length));
  Object.assign(value, {
    uptime: Math.floor(uptime()),
    load,
    average: loadavg().map((figure) => Math.round(figure * 100) / 100),
    memory,
    network,
    processCount: count,
    processes: busiest,
  } satisfies Partial<Machine>);
  value.history.push({ id: ++samples, load: mean, memory: memory.used, received: 0, sent: 0, ...network });
  if (value.history.length > HISTORY) value.history.shift();
  machine.push();
}

sample();
setInterval(sample, PERIOD).unref();

import { EngineProcess } from './engine-process.js';

/** Starts NATS with JetStream (`VELOX_NATS`, else `nats-server`). Its name stays over restarts. `args` are options of its command line. */
export function startNats(...args: readonly string[]): Promise<EngineProcess> {
  return EngineProcess.start({
    name: 'nats',
    program: process.env.VELOX_NATS ?? 'nats-server',
    args: (port, folder) => [...`-a 127.0.0.1 -p ${port} -n velox -js -sd`.split(' '), folder, ...args],
  });
}

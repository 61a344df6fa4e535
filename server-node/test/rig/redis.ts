import { EngineProcess } from './engine-process.js';

/** Starts Redis (`VELOX_REDIS`, else `redis-server`). `args` are options of its command line. */
export function startRedis(...args: readonly string[]): Promise<EngineProcess> {
  return EngineProcess.start({
    name: 'redis',
    program: process.env.VELOX_REDIS ?? 'redis-server',
    args: (port, folder) => [
      ...['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', ''],
      ...['--loglevel', 'warning', ...args],
    ],
  });
}

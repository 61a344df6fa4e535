import { memory } from '../../src/backplanes/memory/index.js';
import type { Backplane } from '../../src/cluster/bus.js';
import type { Log } from '../../src/cluster/log.js';

type Method = Exclude<keyof Log, 'isLoadable'>;

/** A backplane in memory whose calls of the log can be delayed or failed. */
export interface Interceptable extends Backplane {
  /** Replacements by method of the log. It receives the genuine method. */
  readonly intercept: {
    [M in Method]?: (genuine: Log[M], ...args: Parameters<Log[M]>) => ReturnType<Log[M]>;
  };
  /** How often each method was called. */
  readonly calls: Record<Method, number>;
}

export function interceptable(backplane: Backplane = memory()): Interceptable {
  const { log } = backplane;
  const intercept: Interceptable['intercept'] = {};
  const calls = {
    open: 0,
    append: 0,
    read: 0,
    follow: 0,
    heads: 0,
    saveSnapshot: 0,
    renew: 0,
    drop: 0,
    run: 0,
  };
  const wrapped = Object.fromEntries(
    (Object.keys(calls) as Method[]).map((method) => [
      method,
      (...args: unknown[]) => {
        calls[method]++;
        const genuine = (...given: unknown[]): unknown =>
          (log[method] as (...all: unknown[]) => unknown)(...given);
        const other = intercept[method] as ((...all: unknown[]) => unknown) | undefined;
        return other ? other(genuine, ...args) : genuine(...args);
      },
    ]),
  ) as unknown as Log;
  return { ...backplane, log: wrapped, intercept, calls };
}

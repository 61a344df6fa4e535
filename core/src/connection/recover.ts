import { load, loaded } from '../platform/load.js';
import type { Reason } from '../replicas/status.js';
import type { Recovery, RecoveryHost } from './recovery.js';
import { withoutPassword } from './transport.js';

/** The parts of a connection that recovery needs, also before its code is loaded. */
export interface LoadingHost extends RecoveryHost {
  /** Set by `recover`. */
  recovery?: Recovery;
}

/**
 * Lets the recovery of a connection act, now or as soon as its code is loaded, unless the phase has changed by then.
 *
 * @param reason if the code cannot be loaded, the connection waits for that reason; default: nothing happens then
 */
export function recover(host: LoadingHost, act?: (recovery: Recovery) => void, reason?: Reason): void {
  /** How long the connection waits if the code cannot be loaded: from one to two times as long. */
  const RELOAD_MS = 1_000;
  const use = ({ createRecovery }: NonNullable<typeof loaded>): void => {
    host.recovery ??= createRecovery(host);
    host.recovery.watch();
    act?.(host.recovery);
  };
  if (loaded) return use(loaded);
  const mine = host.phase();
  load().then(
    (module) => host.phase() === mine && use(module),
    () => {
      if (host.phase() !== mine || !reason) return;
      host.stay('waiting', withoutPassword(reason), RELOAD_MS * (1 + Math.random()));
    },
  );
}

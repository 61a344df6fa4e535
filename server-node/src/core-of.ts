import { VeloxError } from '@velox/core/protocol';
import type { Hub as Core } from './hub/hub.js';

const cores = new WeakMap<object, Core>();

/** Notes the core of a hub, for other entries of the package. */
export function noteCore(hub: object, core: Core): void {
  cores.set(hub, core);
}

/** @throws VeloxError `bad-option` for an object that `createHub` did not return. */
export function coreOf(owner: string, hub: object): Core {
  const core = cores.get(hub);
  if (core) return core;
  throw new VeloxError('bad-option', `${owner} needs a hub. Pass the object that createHub() returned.`);
}

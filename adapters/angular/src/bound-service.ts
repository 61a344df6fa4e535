import type { Contract } from '@velox/core';
import { syncOf } from '@velox/core/adapter';
import type { BoundService, Endpoint, EntityId, Scope, VeloxService } from './velox-service.js';

/** Binds the service to one endpoint. */
export function bindService<C extends Contract>(service: VeloxService, endpoint: Endpoint): BoundService<C> {
  const source = typeof endpoint === 'string' ? { url: endpoint } : endpoint;
  const at = (topic: string | (() => string)) => () => ({
    ...source,
    topic: typeof topic === 'function' ? topic() : topic,
  });
  const bound = {
    bind: (scope: Scope, topic: string, name: string, select: () => unknown, equal?: () => boolean) =>
      service.bind(scope, at(topic), name, select, equal),
    bindEntity: (
      ...[scope, type, id, name, select, equal]: [
        Scope,
        string,
        EntityId,
        string,
        () => unknown,
        () => boolean,
      ]
    ) => service.bindEntity(scope, source, type, id, name, select, equal),
    bindStatus: (scope: Scope, topic: string, name: string) => service.bindStatus(scope, at(topic), name),
    on: (scope: Scope, event: string, listener: () => void) => service.on(scope, source, event, listener),
    presence: (scope: Scope, room: string, name: string, initial: unknown) =>
      service.presence(scope, source, room, name, initial),
    sync: () => syncOf(source),
  };
  // The contract's conditional types guarantee this, but TypeScript cannot infer it.
  return bound as unknown as BoundService<C>;
}

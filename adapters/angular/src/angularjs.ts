/** The AngularJS module `velox` with the service `$velox`: `angular.module('app', [velox])`. */
import {
  presenceOf,
  type EntitySource,
  type Presence,
  type Readable,
  type Status,
  type SyncSource,
} from '@velox/core';
import { createKeep, createMirror, entityOf, replicaOf, syncOf, type Lookup } from '@velox/core/adapter';
import angular from 'angular';
import { bindService } from './bound-service.js';
import type { EntityId, Scope, VeloxService } from './velox-service.js';

export type { BoundService, Endpoint, EntityId, Scope, VeloxService } from './velox-service.js';

type Parse = (expression: string) => { (scope: Scope): unknown; assign(scope: Scope, value: unknown): void };

/** Creates the service. */
export function createService($parse: Parse, $exceptionHandler: (error: unknown) => void): VeloxService {
  /** The one primitive of this adapter. */
  function bindReadable<T, S>(
    scope: Scope,
    readable: () => Readable<T>,
    name: string,
    select: (value: T) => S,
    equal: (before: S, after: S) => boolean = Object.is,
  ): () => void {
    const place = $parse(name);
    const fit = createMirror();
    let known = false;
    /** Whether a plain name may mean a property of an outer scope, such as the row of an `ng-repeat`. An assignment hides it. */
    const isInherited = (): boolean => !/[.[]/.test(name) && !Object.hasOwn(scope, name.trim());

    const show = ({ get }: Readable<T>, keep: (next: S) => S): void => {
      try {
        const value = keep(select(get()));
        known ||= value !== undefined;
        // Until a value arrives, the application's own value stays.
        if (known) place.assign(scope, fit(isInherited() ? undefined : place(scope), value));
      } catch (error) {
        $exceptionHandler(error);
      }
    };
    return follow(scope, readable, (current) => {
      const keep = createKeep(equal); // selections of two sources are not compared
      const leave = current.subscribe(() => {
        show(current, keep);
        scope.$applyAsync(); // all changes of one frame share a digest
      });
      show(current, keep);
      return leave;
    });
  }

  const service: VeloxService = {
    bind: (scope, source, name, select = identity, equal) =>
      bindReadable(scope, fixed(source, replicaOf), name, select, equal),
    bindEntity: <T, S>(
      scope: Scope,
      source: EntitySource | (() => EntitySource),
      type: string,
      id: EntityId,
      name: string,
      select: (row: T | null | undefined) => S = identity,
      equal?: (before: S, after: S) => boolean,
    ) => {
      const last: Lookup = {};
      const row = () => {
        const endpoint = typeof source === 'function' ? source() : source;
        return replicaOf(entityOf<T | null>(endpoint, type, typeof id === 'function' ? id() : id), last);
      };
      return bindReadable(scope, row, name, select, equal);
    },
    bindStatus: (scope, source, name) =>
      bindReadable(
        scope,
        fixed(source, (each, last) => replicaOf(each, last).status),
        name,
        identity<Status>,
      ),
    on: <D>(
      scope: Scope,
      source: SyncSource | (() => SyncSource),
      event: string,
      listener: (data: D) => void,
    ) =>
      follow(scope, fixed(source, syncOf), (sync) =>
        sync.on(event, (data) => {
          scope.$applyAsync();
          listener(data as D);
        }),
      ),
    presence(scope, source, room, name, initial) {
      let newest = initial;
      const endpoint = fixed(source as SyncSource, syncOf);
      const current = (): Presence<typeof initial> =>
        presenceOf(endpoint(), typeof room === 'function' ? room() : room);
      bindReadable(scope, current, name, identity);
      follow(scope, current, (presence) => presence.enter(newest));
      return (mine) => {
        current().set(mine); // may throw: then the former data stay
        newest = mine;
      };
    },
    at: (endpoint) => bindService(service, endpoint),
  };
  return service;
}

/** Calls `start` for the result of `read`, and ends it when a digest reads another one or the scope is destroyed. */
function follow<R>(scope: Scope, read: () => R, start: (current: R) => () => void): () => void {
  let current: R | undefined;
  let leave = (): void => {};
  const turn = (next: R): void => {
    if (next === current) return;
    leave();
    current = next;
    leave = start(next);
  };
  const stop = (): void => {
    leave();
    unwatch();
    forget();
  };
  turn(read());
  const unwatch = scope.$watch(read, turn);
  const forget = scope.$on('$destroy', stop);
  return stop;
}

/** Returns the function that each digest calls. */
function fixed<S extends string | object, R>(
  source: S | (() => S),
  of: (source: S, last: Lookup) => R,
): () => R {
  const last: Lookup = {};
  if (typeof source === 'function') return () => of((source as () => S)(), last);
  const readable = of(source, last);
  return () => readable;
}

const identity = <T>(value: unknown): T => value as T;

/** The module's name, for the dependencies of your module. */
const velox: string = angular
  .module('velox', [])
  .factory('$velox', ['$parse', '$exceptionHandler', createService]).name;
export default velox;

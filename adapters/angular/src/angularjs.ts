/** The AngularJS module `velox` with the service `$velox`: `angular.module('app', [velox])`. */
import {
  createKeep,
  createMirror,
  replicaOf,
  syncOf,
  type Readable,
  type Source,
  type Status,
  type SyncSource,
} from '@velox/core';
import angular from 'angular';

/** What is needed of an AngularJS scope. */
export interface Scope {
  readonly $applyAsync: () => void;
  readonly $on: (name: '$destroy', listener: () => void) => () => void;
  readonly $watch: <V>(read: () => V, listener: (value: V) => void) => () => void;
}

/** The service `$velox`. */
export interface VeloxService {
  /**
   * Keeps the expression `name` of a scope like the value of a topic, until the scope is destroyed or the function that is
   * returned is called. Objects and rows keep their identity, so that `ng-repeat` keeps their elements; `$` keys stay.
   *
   * @param source a URL, a replica, an object with `url` and more; or a function that gives one, read in each digest.
   * @param select default: the whole value. What it throws goes to `$exceptionHandler`.
   * @param equal default `Object.is`.
   * @example $velox.bind($scope, '/sync', 'board')
   */
  readonly bind: <T, S = T>(
    scope: Scope,
    source: Source<T> | (() => Source<T>),
    name: string,
    select?: (value: T | undefined) => S,
    equal?: (before: S, after: S) => boolean,
  ) => () => void;
  /** The same for how the connection of a source is doing, and its topic on it. This alone does not make it connect. */
  readonly bindStatus: (
    scope: Scope,
    source: Source<unknown> | (() => Source<unknown>),
    name: string,
  ) => () => void;
  /**
   * Hears the events of a name, which keeps the connection open, until the scope is destroyed or the function that is returned is
   * called. A digest follows. (To send one: `shared(url).emit` of the core.)
   *
   * @example $velox.on($scope, '/sync', 'notice', (text) => toast(text))
   */
  readonly on: <D = unknown>(
    scope: Scope,
    source: SyncSource | (() => SyncSource),
    event: string,
    listener: (data: D) => void,
  ) => () => void;
}

type Parse = (expression: string) => { (scope: Scope): unknown; assign(scope: Scope, value: unknown): void };

/** Creates the service. */
export function createVelox($parse: Parse, $exceptionHandler: (error: unknown) => void): VeloxService {
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
    const keep = createKeep(equal);
    let known = false;

    const show = ({ get }: Readable<T>): void => {
      try {
        const value = keep(select(get()));
        known ||= value !== undefined;
        // Until there is something, what the application has put there may stand.
        if (known) place.assign(scope, fit(place(scope), value));
      } catch (error) {
        $exceptionHandler(error);
      }
    };
    return follow(scope, readable, (current) => {
      const leave = current.subscribe(() => {
        show(current);
        scope.$applyAsync(); // what one paint brings to many is one digest
      });
      show(current);
      return leave;
    });
  }

  return {
    bind: (scope, source, name, select = identity, equal) =>
      bindReadable(scope, fixed(source, replicaOf), name, select, equal),
    bindStatus: (scope, source, name) =>
      bindReadable(
        scope,
        fixed(source, (each) => replicaOf(each).status),
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
  };
}

/** Does `start` for what `read` gives, and ends it for the next one that a digest finds, or with the scope. */
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

/** What to read in each digest. */
function fixed<S extends string | object, R>(source: S | (() => S), of: (source: S) => R): () => R {
  if (typeof source === 'function') return () => of((source as () => S)());
  const readable = of(source);
  return () => readable;
}

const identity = <T>(value: unknown): T => value as T;

/** The name of the module, for the dependencies of yours. */
const velox: string = angular
  .module('velox', [])
  .factory('$velox', ['$parse', '$exceptionHandler', createVelox]).name;
export default velox;

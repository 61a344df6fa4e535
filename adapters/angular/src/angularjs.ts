/** The AngularJS module `velox` with the service `$velox`: `angular.module('app', [velox])`. */
import { createKeep, createMirror, replicaOf, type Readable, type Source, type Status } from '@velox/core';
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
    let current: Readable<T> | undefined;
    let leave = (): void => {};
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
    const follow = (next: Readable<T>): void => {
      if (next === current) return;
      leave();
      current = next;
      leave = next.subscribe(() => {
        show(next);
        scope.$applyAsync(); // what one paint brings to many is one digest
      });
      show(next);
    };
    const stop = (): void => {
      leave();
      unwatch();
      forget();
    };

    follow(readable());
    const unwatch = scope.$watch(readable, follow);
    const forget = scope.$on('$destroy', stop);
    return stop;
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
  };
}

/** What to read in each digest. */
function fixed<T, R>(source: Source<T> | (() => Source<T>), of: (source: Source<T>) => R): () => R {
  if (typeof source === 'function') return () => of(source());
  const readable = of(source);
  return () => readable;
}

const identity = <T>(value: unknown): T => value as T;

/** The name of the module, for the dependencies of yours. */
const velox: string = angular
  .module('velox', [])
  .factory('$velox', ['$parse', '$exceptionHandler', createVelox]).name;
export default velox;

import type {
  Contract,
  EntitySource,
  EntityType,
  EntityValue,
  EventData,
  EventName,
  Jsonify,
  PresenceMine,
  PresenceSource,
  Replicated,
  RoomName,
  SharedOptions,
  Source,
  Sync,
  SyncSource,
  TopicName,
  TopicValue,
} from '@velox/core';

/** The members of an AngularJS scope that this adapter uses. */
export interface Scope {
  readonly $applyAsync: () => void;
  readonly $on: (name: '$destroy', listener: () => void) => () => void;
  readonly $watch: <V>(read: () => V, listener: (value: V) => void) => () => void;
}

/** The id of a row, or a function or signal that returns one; while it is null or undefined, no row is requested. */
export type EntityId = string | number | null | undefined | (() => string | number | null | undefined);

/** The service `$velox`. */
export interface VeloxService {
  /**
   * Keeps the expression `name` of a scope equal to the value of a topic, until the scope is destroyed or the returned function is
   * called. Objects and rows keep their identity, so that `ng-repeat` keeps their elements. Keys that begin with `$` stay. A plain name is
   * a property of this scope: an object that the scope inherits under the name is left alone.
   *
   * @param source a URL, a replica, an object with `url` and options; or a function that returns one, called in each digest.
   * @param select default: the whole value. Its errors go to `$exceptionHandler`.
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
  /**
   * The same for a row of an entity: undefined until it arrives, and `null` if it does not exist.
   *
   * @param source a URL, an object with `url` and options; or a function that returns one, called in each digest.
   * @param id may be a function, called in each digest; while it is null or undefined, no row is requested.
   * @example $velox.bindEntity($scope, '/sync', 'items', () => $scope.id, 'item')
   */
  readonly bindEntity: <T, S = T | null>(
    scope: Scope,
    source: EntitySource | (() => EntitySource),
    type: string,
    id: EntityId,
    name: string,
    select?: (row: T | null | undefined) => S,
    equal?: (before: S, after: S) => boolean,
  ) => () => void;
  /** The same for the status of a source's connection and topic. It does not open the connection. */
  readonly bindStatus: (
    scope: Scope,
    source: Source<unknown> | (() => Source<unknown>),
    name: string,
  ) => () => void;
  /**
   * Calls a listener for each event of a name, until the scope is destroyed or the returned function is called, and keeps the connection
   * open. A digest follows. To send an event, use `shared(url).emit` of `@velox/core`.
   *
   * @example $velox.on($scope, '/sync', 'notice', (text) => toast(text))
   */
  readonly on: <D = unknown>(
    scope: Scope,
    source: SyncSource | (() => SyncSource),
    event: string,
    listener: (data: D) => void,
  ) => () => void;
  /**
   * Enters a room until the scope is destroyed, and keeps the expression `name` of the scope equal to its other members by their id.
   *
   * @param room the name of the room; or a function that returns it, called in each digest.
   * @param initial the data that is shown first.
   * @returns the function that shows data to the others: the newest value, at most every 50 ms, and again after each reconnection
   * @example const setMine = $velox.presence($scope, '/sync', 'lobby', 'others', { x: 0, y: 0 })
   */
  readonly presence: <Mine>(
    scope: Scope,
    source: PresenceSource | (() => PresenceSource),
    room: string | (() => string),
    name: string,
    initial: Mine,
  ) => (mine: Mine) => void;
  /**
   * Binds the service to one endpoint and its contract, so that topics, values and events are inferred.
   *
   * @example $velox.at<App>('/sync').bind($scope, 'board', 'title', (board) => board?.title)
   */
  readonly at: <C extends Contract>(endpoint: Endpoint) => BoundService<C>;
}

/** A URL, or an object with `url` and options. */
export type Endpoint = string | (SharedOptions & { readonly url: string });

/** The service `$velox` for one endpoint, typed by its contract. */
export interface BoundService<C extends Contract> {
  readonly bind: <N extends TopicName<C>, S = Replicated<TopicValue<C, N>>>(
    scope: Scope,
    topic: N | (() => N),
    name: string,
    select?: (value: Replicated<TopicValue<C, N>> | undefined) => S,
    equal?: (before: S, after: S) => boolean,
  ) => () => void;
  readonly bindEntity: <N extends EntityType<C>, S = Replicated<EntityValue<C, N>> | null>(
    scope: Scope,
    type: N,
    id: EntityId,
    name: string,
    select?: (row: Replicated<EntityValue<C, N>> | null | undefined) => S,
    equal?: (before: S, after: S) => boolean,
  ) => () => void;
  readonly bindStatus: (scope: Scope, topic: TopicName<C> | (() => TopicName<C>), name: string) => () => void;
  readonly on: <N extends EventName<C>>(
    scope: Scope,
    event: N,
    listener: (data: Jsonify<EventData<C, N>>) => void,
  ) => () => void;
  readonly presence: <R extends RoomName<C>>(
    scope: Scope,
    room: R | (() => R),
    name: string,
    initial: PresenceMine<C, R>,
  ) => (mine: PresenceMine<C, R>) => void;
  /** Returns the connection that the scopes share, for instance to emit events. */
  readonly sync: () => Sync<C>;
}

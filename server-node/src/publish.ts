import { VeloxError } from '@velox/core/protocol';
import { checkContainer } from './arguments.js';
import type { Endpoint } from './http/endpoint.js';
import type { HubOptions } from './hub/hub-options.js';
import { checkOptions } from './options.js';
import { endpointOf, liveOf, PublishedState, stateOf } from './published-state.js';
import { LocalState } from './state/local-state.js';
import type { State, StateOptions } from './state/state.js';
import type { ViewOptions } from './views/view-options.js';

/** How a value is kept (`StateOptions`), and how it is served (`HubOptions`). */
export type PublishOptions = StateOptions & HubOptions;

/** An object that `watch` or `handle` publishes: `$push` sends the application's changes in it. */
export type Watched<T> = T & { $push(): void };

/** A state with an endpoint of its own, which serves it as the default topic. */
export interface Published<T> extends State<T>, Endpoint {}

/**
 * Makes a state of a JSON value. The same object always gives the same state; its first options apply.
 *
 * @example
 * const board = velox.state<Board>({ rows: [] })
 * app.use('/sync', board.handle)
 * board.update((draft) => { draft.rows.push(row) })
 * @throws VeloxError `not-json` (its message names the path), `too-deep`, `bad-option`.
 */
export function state<T>(value: T, options?: PublishOptions): Published<T> {
  checkOptions('state()', options);
  return stateOf(value, options);
}

/**
 * Makes a live value of a JSON value: an object to be used like the original, whose every write reaches the clients. The
 * writes of one tick leave as one delta; `batch` makes several writes all or nothing.
 * `handle(live)` serves it, `state(live)` is its state.
 *
 * @example
 * const board = velox.live({ rows: [] })
 * app.use('/sync', velox.handle(board))
 * board.rows.push(row)
 * @throws VeloxError as `state`; `state-watched` for an object that `push` publishes.
 */
export function live<T extends object>(value: T, options?: PublishOptions): T {
  checkContainer('live()', value);
  checkOptions('live()', options);
  return liveOf(stateOf(value, options));
}

/**
 * Publishes an object that the application changes as it likes: it gets a method `$push` (not enumerable), which
 * sends the changes since. Given a state or a live value, also of a hub, it serves that. The options `audience` and `view` are those of
 * `hub.state`.
 *
 * @example
 * const foo = { a: 1 }
 * app.use('/sync', velox.handle(foo))
 * foo.a = 2
 * foo.$push()
 * @throws VeloxError as `state`; `bad-option` also for a value that is no object.
 */
export function handle<T extends object, A, V, Context = unknown>(
  value: T | State<T>,
  options: StateOptions & HubOptions<Context> & ViewOptions<T, A, V, Context>,
): Endpoint['handle'];
export function handle<T extends object>(value: T | State<T>, options?: PublishOptions): Endpoint['handle'];
export function handle<T extends object>(value: T | State<T>, options?: PublishOptions): Endpoint['handle'] {
  checkOptions('handle()', options);
  if (value instanceof PublishedState) return value.endpoint(options).handle;
  if (value instanceof LocalState) return endpointOf(value, options).handle;
  checkContainer('handle()', value);
  const published = stateOf(value, options);
  if (!published.isOwned) watchObject(value, published);
  return published.endpoint(options).handle;
}

/**
 * Publishes an object that the application changes as it likes, as `handle` does, and returns that same object with its method `$push`.
 *
 * @example
 * const foo = velox.watch({ a: 1 })
 * app.use('/sync', velox.handle(foo))
 * foo.a = 2
 * foo.$push()
 * @throws VeloxError as `state`; `state-owned` for the object of a state that owns its value; `bad-option` for an object that is not
 *   extensible.
 */
export function watch<T extends object>(value: T, options?: PublishOptions): Watched<T> {
  checkContainer('watch()', value);
  checkOptions('watch()', options);
  watchObject(value, stateOf(value, options));
  if (!('$push' in value)) {
    throw new VeloxError(
      'bad-option',
      'watch() got an object that is not extensible. Use state(object) and its push().',
    );
  }
  return value as Watched<T>;
}

/** Gives an object the method `$push`, if it may have one. */
function watchObject(value: object, published: PublishedState<unknown>): void {
  published.watch();
  if ('$push' in value || !Object.isExtensible(value)) return;
  Object.defineProperty(value, '$push', {
    value: () => published.push(),
    configurable: true,
    writable: true,
  });
}

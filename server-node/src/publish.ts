import { VeloxError } from '@velox/core/protocol';
import { createEndpoint, type Endpoint } from './http/endpoint.js';
import { Hub } from './hub/hub.js';
import type { HubOptions } from './hub/hub-options.js';
import { State, type StateOptions } from './state/state.js';
import { nodesOf } from './nodes/nodes.js';
import { watchServers } from './http/servers.js';
import { checkOptions, withCheckedClose } from './options.js';
import { viewOf, type AnyViewOptions, type ViewOptions } from './views/view-options.js';

/** How a value is kept (`StateOptions`), and how it is served (`HubOptions`). */
export type PublishOptions = StateOptions & HubOptions;

/** An object that `watch` or `handle` publishes: `$push` sends the application's changes in it. */
export type Watched<T> = T & { $push(): void };

/** A state with an endpoint of its own: a hub whose one topic is the default topic. It is made when it is first asked for. */
export class Published<T> extends State<T> implements Endpoint {
  readonly #options: PublishOptions;

  constructor(value: T, options: PublishOptions = {}) {
    super(value, options);
    this.#options = options;
    watchServers();
  }

  get handle(): Endpoint['handle'] {
    return this.endpoint().handle;
  }

  get upgrade(): Endpoint['upgrade'] {
    return this.endpoint().upgrade;
  }

  get attach(): Endpoint['attach'] {
    return this.endpoint().attach;
  }

  get fetch(): Endpoint['fetch'] {
    return this.endpoint().fetch;
  }

  get close(): Endpoint['close'] {
    return this.endpoint().close;
  }

  /** All the ways in. `options`, beside those of the state, count the first time. */
  endpoint(options?: HubOptions): Endpoint {
    return endpointOf(this, { ...this.#options, ...options });
  }
}

// Express takes an object with `handle` and `set` for an application and emits on it: app.use('/sync', state) ends here.
Object.defineProperty(Published.prototype, 'emit', {
  value: () => {
    throw new VeloxError('bad-option', 'app.use() got a state, which is no middleware. Pass state.handle.');
  },
});

const endpoints = new WeakMap<State<unknown>, { readonly endpoint: Endpoint; readonly view: unknown }>();

function endpointOf(state: State<unknown>, options?: HubOptions & Partial<AnyViewOptions>): Endpoint {
  const served = endpoints.get(state);
  if (served) {
    if (!options?.view || options.view === served.view) return served.endpoint;
    const advice = 'Pass the view with the first handle().';
    throw new VeloxError(
      'bad-option',
      `handle() got a view for a value that is served without it. ${advice}`,
    );
  }
  const hub = new Hub(options);
  const viewOptions = viewOf(state, options);
  if (viewOptions) hub.views.publish('', state, viewOptions);
  else hub.topics.publish('', state);
  const endpoint = withCheckedClose(createEndpoint(hub, nodesOf(hub, options?.backplane)));
  endpoints.set(state, { endpoint, view: viewOptions?.view });
  return endpoint;
}

/** By the object that a state was made of. */
const states = new WeakMap<object, Published<unknown>>();

/** By the live value that is all of a state. */
const lives = new WeakMap<object, Published<unknown>>();

/** The state whose live value an object is, if it is one. */
export function stateOfLive(value: unknown): Published<unknown> | undefined {
  return lives.get(value as object);
}

/** The live value of a state; wherever a state is asked for, it stands for it. */
export function liveOf<T>(published: Published<T>): T {
  const live = published.live();
  lives.set(live as object, published);
  return live;
}

/**
 * Makes a state of a JSON value. The same object always gives the same state; options count the first time.
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

function stateOf<T>(value: T, options?: PublishOptions): Published<T> {
  if (typeof value !== 'object' || value === null) return new Published(value, options);
  let known = (lives.get(value) ?? states.get(value)) as Published<T> | undefined;
  if (!known) states.set(value, (known = new Published(value, options)));
  return known;
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
 * @throws VeloxError as `state`; `not-json` also for a value that is no object.
 */
export function handle<T extends object, A, V, Context = unknown>(
  value: T | State<T>,
  options: StateOptions & HubOptions<Context> & ViewOptions<T, A, V, Context>,
): Endpoint['handle'];
export function handle<T extends object>(value: T | State<T>, options?: PublishOptions): Endpoint['handle'];
export function handle<T extends object>(value: T | State<T>, options?: PublishOptions): Endpoint['handle'] {
  checkOptions('handle()', options);
  if (value instanceof Published) return value.endpoint(options).handle;
  if (value instanceof State) return endpointOf(value, options).handle;
  if (Object(value) !== value) {
    throw new VeloxError('not-json', 'handle() got no object. Give it one, or a live value or a state.');
  }
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
 * @throws VeloxError as `state`; `state-owned` for the object of a state that owns its value; `not-json` for an object that is not
 *   extensible.
 */
export function watch<T extends object>(value: T, options?: PublishOptions): Watched<T> {
  checkOptions('watch()', options);
  watchObject(value, stateOf(value, options));
  if (!('$push' in value)) {
    throw new VeloxError(
      'not-json',
      'watch() got an object that is not extensible. Use state(object) and its push().',
    );
  }
  return value as Watched<T>;
}

/** Gives an object the method `$push`, if it may have one. */
function watchObject(value: object, published: Published<unknown>): void {
  published.watch();
  if ('$push' in value || !Object.isExtensible(value)) return;
  Object.defineProperty(value, '$push', {
    value: () => published.push(),
    configurable: true,
    writable: true,
  });
}

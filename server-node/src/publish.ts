import { createEndpoint, type Endpoint } from './endpoint.js';
import { Hub, type HubOptions } from './hub.js';
import { State, type StateOptions } from './state.js';

export type PublishOptions = StateOptions & HubOptions;

/** An object that `handle` publishes: it has got a method that publishes what was changed in it. */
export type Watched<T> = T & { $push(): void };

/** A state with an endpoint of its own: a hub whose one topic is the default topic. */
export class Published<T> extends State<T> implements Endpoint {
  readonly handle: Endpoint['handle'];
  readonly upgrade: Endpoint['upgrade'];
  readonly attach: Endpoint['attach'];
  readonly fetch: Endpoint['fetch'];
  readonly close: Endpoint['close'];

  constructor(value: T, options: PublishOptions = {}) {
    super(value, options);
    const hub = new Hub(options);
    hub.topics.publish('', this);
    ({
      handle: this.handle,
      upgrade: this.upgrade,
      attach: this.attach,
      fetch: this.fetch,
      close: this.close,
    } = createEndpoint(hub));
  }
}

const states = new WeakMap<object, Published<unknown>>();

/**
 * Makes a state of a JSON value. The same object always gives the same state; options count the first time.
 *
 * @example
 * const board = velox.state<Board>({ rows: [] })
 * app.use('/sync', board.handle)
 * board.update((draft) => { draft.rows.push(row) })
 * @throws VeloxError `not-json` (its message names the path), `too-deep`.
 */
export function state<T>(value: T, options?: PublishOptions): Published<T> {
  if (typeof value !== 'object' || value === null) return new Published(value, options);
  let known = states.get(value) as Published<T> | undefined;
  if (!known) states.set(value, (known = new Published(value, options)));
  return known;
}

/**
 * Makes a live value of a JSON value: an object to be used like the original, whose every write reaches the clients. What one tick
 * writes leaves as one delta; `batch` makes several writes all or nothing. `handle(live)` serves it, `state(live)` is its state.
 *
 * @example
 * const board = velox.live({ rows: [] })
 * app.use('/sync', velox.handle(board))
 * board.rows.push(row)
 * @throws VeloxError as `state`; `state-watched` for an object that `push` publishes.
 */
export function live<T extends object>(value: T, options?: PublishOptions): T {
  const published = state(value, options);
  const draft = published.live();
  states.set(draft, published);
  return draft;
}

/**
 * Publishes an object that the application changes as it likes: it gets a method `$push` (not enumerable), which sends what
 * was changed since. Given a state or a live value, it is their `handle`.
 *
 * @example
 * const foo = { a: 1 }
 * app.use('/sync', velox.handle(foo))
 * foo.a = 2
 * foo.$push()
 * @throws VeloxError as `state`.
 */
export function handle<T extends object>(value: T | State<T>, options?: PublishOptions): Endpoint['handle'] {
  if (value instanceof Published) return value.handle;
  const published = state(value as T, options);
  if (published.isOwned) return published.handle;
  published.watch();
  if (!('$push' in value) && Object.isExtensible(value)) {
    const push = { value: () => published.push(), configurable: true, writable: true };
    Object.defineProperty(value, '$push', push);
  }
  return published.handle;
}

import { VeloxError } from '@velox/core/protocol';
import { createEndpoint, type Endpoint } from './http/endpoint.js';
import { watchServers } from './http/servers.js';
import { Hub } from './hub/hub.js';
import type { HubOptions } from './hub/hub-options.js';
import { nodesOf } from './nodes/nodes.js';
import { withCheckedClose } from './options.js';
import { LocalState } from './state/local-state.js';
import type { StateOptions } from './state/state.js';
import { viewOf, type AnyViewOptions } from './views/view-options.js';

/** A state with an endpoint: a hub whose one topic is the default topic. The endpoint is created when it is first used. */
export class PublishedState<T> extends LocalState<T> implements Endpoint {
  readonly #options: StateOptions & HubOptions;

  constructor(value: T, options: StateOptions & HubOptions = {}) {
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

  /** Returns the endpoint. `options`, beside those of the state, apply the first time. */
  endpoint(options?: HubOptions): Endpoint {
    return endpointOf(this, { ...this.#options, ...options });
  }
}

// Express takes an object with `handle` and `set` for an application and emits on it: app.use('/sync', state) ends here.
Object.defineProperty(PublishedState.prototype, 'emit', {
  value: () => {
    throw new VeloxError('bad-option', 'app.use() got a state, which is no middleware. Pass state.handle.');
  },
});

const endpoints = new WeakMap<LocalState<unknown>, { readonly endpoint: Endpoint; readonly view: unknown }>();

/**
 * Returns the endpoint that serves a state as the default topic, and creates it at the first call.
 *
 * @throws VeloxError `bad-option` for a view if the state is served without it.
 */
export function endpointOf(
  state: LocalState<unknown>,
  options?: HubOptions & Partial<AnyViewOptions>,
): Endpoint {
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

/** By the object that a state was created with. */
const states = new WeakMap<object, PublishedState<unknown>>();

/** By the live value that is all of a state. */
const lives = new WeakMap<object, PublishedState<unknown>>();

/** Returns the state whose live value an object is, if it is one. */
export function stateOfLive(value: unknown): PublishedState<unknown> | undefined {
  return lives.get(value as object);
}

/** Returns the live value of a state. Every function that accepts the state accepts it, too. */
export function liveOf<T>(published: PublishedState<T>): T {
  const live = published.live();
  lives.set(live as object, published);
  return live;
}

/** Returns the state of a value, and creates it at the first call. The same object always has the same state. */
export function stateOf<T>(value: T, options?: StateOptions & HubOptions): PublishedState<T> {
  if (typeof value !== 'object' || value === null) return new PublishedState(value, options);
  let known = (lives.get(value) ?? states.get(value)) as PublishedState<T> | undefined;
  if (!known) states.set(value, (known = new PublishedState(value, options)));
  return known;
}

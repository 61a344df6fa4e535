import { setImmediate } from 'node:timers';
import {
  connect,
  polling,
  shared,
  sse,
  websocket,
  type ConnectOptions,
  type Contract,
  type Sync,
} from '@velox/core';
import { forgetClosed } from '@velox/core/testing';
import { checkGiven, expected, option, type AnyContract } from '@velox/core/protocol';
import type { Session } from '../messaging/typed.js';
import { createHub, type Hub } from '../create-hub.js';
import type { Endpoint } from '../http/endpoint.js';
import type { HubOptions } from '../hub/hub-options.js';
import { inflict, type Fault, type Harm } from './faults.js';
import { MemoryNetwork } from './memory-network.js';
import { createRandom } from './random.js';
import { warmUp } from './warm-up.js';
import { VirtualTime } from './virtual-time.js';

/** The settings of a test. */
export interface TestSyncOptions<Context = unknown, C extends Contract = AnyContract> extends HubOptions<
  Context,
  Session<Context, C>
> {
  /** Ms from one end to the other; default 1. */
  readonly latency?: number;
  /** Determines `Math.random` while the test runs; default 1. */
  readonly seed?: number;
  /**
   * The URL of the endpoint in the components under test: `useVelox('/sync')`. It is client 0. A relative URL is resolved against the
   * document, or else against `http://localhost/`.
   */
  readonly url?: string;
}

/** A server and its clients in one test, without a network and on virtual time. */
export interface TestSync<C extends Contract = AnyContract, Context = unknown> extends AsyncDisposable {
  readonly hub: Hub<C, Context>;
  /** Makes one more client, on a path of its own; its `replica(topic)` is what adapters take. */
  readonly connect: (options?: Omit<ConnectOptions, 'WebSocket' | 'transports'>) => Sync<C>;
  /** Advances time by `ms` and runs everything due; default 100, in which an earlier change arrives. */
  readonly advance: (ms?: number) => Promise<void>;
  /** Harms a client. Clients are counted from 0 in the order of their creation. */
  readonly inflict: (harm: Harm, client?: number) => void;
  /**
   * Runs faults, each at its time from now on, then a minute without faults: after it every client must equal
   * the server.
   */
  readonly endure: (faults: readonly Fault[]) => Promise<void>;
  /** Later connections reach another endpoint, or none. Open connections stay until they are closed or
   * dropped. */
  readonly serve: (endpoint: Endpoint | undefined) => void;
  /**
   * Ends all clients and restores real time. Connections stay open, so node:http keeps them and the hub in memory. `await using` closes
   * them, too.
   */
  readonly close: () => void;
}

/** Checks only the options of the test; `createHub` checks the others. */
const OPTIONS = {
  latency: option.finite,
  seed: expected('a finite number', Number.isFinite),
  url: option.text,
};

/** Throws if one of these functions is fake: those of Jest, Vitest and Sinon have a `clock`. */
function checkGenuine(...functions: object[]): void {
  if (functions.every((each) => !Object.hasOwn(each, 'clock'))) return;
  throw new Error(
    'velox: fake timers are installed, and createTestSync() owns time. Call useRealTimers() of the test runner. advance() lets time pass.',
  );
}

/** How long the clients may take to recover after the last fault, in ms. */
const RECOVERY_MS = 60_000;

/**
 * Puts a hub and its clients on virtual time and a network in memory; all else that is real stays so. While it is open it stands in for
 * timers, clocks and `fetch`: close it at the end of the test.
 *
 * @example
 * await using test = await createTestSync()
 * const board = test.hub.state('board', { n: 0 })
 * const replica = test.connect().replica('board')
 */
export async function createTestSync<C extends Contract = AnyContract, Context = unknown>({
  latency = 1,
  seed = 1,
  url,
  ...options
}: TestSyncOptions<Context, C> = {}): Promise<TestSync<C, Context>> {
  checkGiven('createTestSync()', { latency, seed, url }, OPTIONS);
  checkGenuine(queueMicrotask, setImmediate);
  await warmUp();
  forgetClosed();
  const time = new VirtualTime();
  const network = new MemoryNetwork(time);
  const clients: { readonly name: string; readonly close: () => void }[] = [];
  const latencyOf = (name: string): void => void (network.path(name).latency = () => latency);
  if (url !== undefined) {
    const absolute = new URL(url, globalThis.document?.baseURI ?? 'http://localhost/').href;
    network.alias(absolute, 'page');
    latencyOf('page');
    clients.push({ name: 'page', close: () => shared(absolute).close() });
  }
  const restore = [time.install(createRandom(seed).next), network.install()];
  const hub = createHub<C, Context>(options);
  network.serve(hub);
  const harm = (what: Harm, client = 0): void => {
    const { name } = clients[client] ?? {};
    if (name === undefined) throw new RangeError(`There is no client ${client}. Call connect() first.`);
    inflict(what, network.path(name), network);
  };
  const close = (): void => {
    for (const client of clients) client.close();
    restore.splice(0).forEach((undo) => undo());
  };
  return {
    hub,
    connect(given) {
      const name = `client-${clients.length}`;
      const path = network.path(name);
      latencyOf(name);
      const transports = [websocket(network.WebSocket), sse(), polling()];
      const sync = time.within(path.zone, () => connect<C>(network.urlOf(name), { ...given, transports }));
      clients.push({ name, close: sync.close });
      return sync;
    },
    async advance(ms = 100) {
      checkGenuine(setTimeout);
      await time.advance(ms);
    },
    inflict: harm,
    async endure(faults) {
      checkGenuine(setTimeout);
      const began = time.now;
      for (const fault of faults) {
        await time.advance(Math.max(0, began + fault.at - time.now));
        harm(fault, fault.client);
      }
      const over = Math.max(0, ...faults.map((fault) => fault.at + ('ms' in fault ? fault.ms : 0)));
      await time.advance(Math.max(0, began + over - time.now) + RECOVERY_MS);
    },
    serve: (endpoint) => network.serve(endpoint),
    close,
    async [Symbol.asyncDispose]() {
      for (const client of clients) client.close();
      await time.settle(); // on virtual time, because the ends of links start timers
      network.end();
      await time.settle();
      close();
    },
  };
}

import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { FaultLink, HEALTHY, type Faults, type Side } from './fault-link.js';

/** The connections that a fault meets: the open ones, the next ones, or all (the default). */
export interface FaultScope {
  readonly to?: 'all' | 'existing' | 'new';
}

/**
 * A network that fails on command: a TCP proxy on 127.0.0.1 whose faults can be switched while connections are open. They add
 * up, and each stays until it is switched off or all are healed. HTTP/1.1 is understood, not TLS.
 */
export interface FaultProxy extends AsyncDisposable {
  /** `http://127.0.0.1:port`, without a path. */
  readonly origin: string;
  readonly port: number;
  /** How many connections of clients are open. */
  readonly connections: number;

  /** Ends all connections at once: a proxy, a server or a laptop's network adapter that is restarted. */
  cut(): void;

  /**
   * Closes the port, so that whoever connects gets ECONNREFUSED: a server that is down, or not up yet. Open
   * connections stay open.
   * Resolves when the port is closed, or open again.
   */
  refuse(on?: boolean): Promise<void>;

  /**
   * Connections stay open and no byte moves, either way, nor is one read: a radio hole, a full buffer on the way, a process that
   * hangs. Bytes sent meanwhile, and the close of an end, arrive afterwards.
   */
  stall(on?: boolean, scope?: FaultScope): void;

  /**
   * Open connections go silent for ever, without a FIN or RST: one end is gone, and the end that is left cannot know: a NAT entry
   * that expired, a pulled cable, a peer without power. Healing does not bring them back. They end by {@link cut}, or when the
   * end that is left hangs up.
   *
   * @param left whose connection stays open; default: the client's
   */
  halfOpen(left?: Side): void;

  /** All bytes arrive `ms` later, in order, in both directions, as on a long or loaded network. 0 is off. */
  delay(ms: number, scope?: FaultScope): void;

  /**
   * Holds back each response until `bytes` of it are there, again and again, or until it ends (`true`: only then): a reverse proxy
   * or virus scanner that buffers, behind which an event stream opens but stays empty, or does not even open. WebSockets pass.
   *
   * @param scope `head`: whether a response's head is held back as well, default true
   */
  buffer(bytes: number | boolean, scope?: FaultScope & { readonly head?: boolean }): void;

  /**
   * Forwards pieces of at most `bytes`, one per turn of the event loop, each way: small segments (a low MTU, a TLS or proxy layer
   * with small records), so that every parser meets messages cut anywhere. False is off.
   */
  fragment(bytes: number | false, scope?: FaultScope): void;

  /**
   * Refuses WebSockets with `HTTP/1.1 400 Bad Request`: a firewall or proxy that does not let them through.
   *
   * @param scope `strip`: instead, the request goes on without its Upgrade and Connection headers and the server answers it as a
   *   plain GET: a reverse proxy that is not configured for WebSockets
   */
  dropUpgrades(on?: boolean, scope?: FaultScope & { readonly strip?: boolean }): void;

  /**
   * Cuts an event stream `afterMs` after its head (one that is open already: after this call): a proxy or platform with a longest
   * duration for a response. False is off.
   */
  killStreams(afterMs: number | false, scope?: FaultScope): void;

  /**
   * Cuts a connection on which no byte came, from either end, for `ms` (one that is open already: since this call): the idle
   * timeout of a load balancer or a firewall. False is off.
   */
  cutIdle(ms: number | false, scope?: FaultScope): void;

  /**
   * Sends each POST a second time, on a connection of its own, and throws the answer away: a client or proxy that tries again
   * because an answer was lost, though the request was not.
   */
  duplicatePosts(on?: boolean, scope?: FaultScope): void;

  /** Everything works again, for all connections but those that {@link halfOpen} has taken. Resolves when the port is open. */
  heal(): Promise<void>;

  /** Ends all connections and the proxy. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts a {@link FaultProxy} without faults. A target that is not there resets the connection.
 *
 * @param target the target of connections, which may close and reopen; `host` is 127.0.0.1 by default
 */
export async function createFaultProxy(target: { port: number; host?: string }): Promise<FaultProxy> {
  const { port: targetPort, host: targetHost = '127.0.0.1' } = target;
  const links = new Set<FaultLink>();
  const duplicates = new Set<Socket>();
  let faults = HEALTHY;
  let switching = Promise.resolve();
  let closed = false;

  const dial = (): Socket => {
    return connect({ port: targetPort, host: targetHost, allowHalfOpen: true, noDelay: true });
  };
  const duplicate = (request: Buffer): void => {
    const socket = dial();
    duplicates.add(socket);
    socket.on('error', () => {}); // no code waits for this answer
    socket.once('end', () => socket.destroy());
    socket.once('close', () => duplicates.delete(socket));
    socket.resume().write(request);
  };
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const link = new FaultLink(client, dial(), faults, duplicate);
    links.add(link);
    void link.closed.then(() => links.delete(link));
  });
  const port = await listenSomewhere(server);

  const change = (change: Partial<Faults>, { to = 'all' }: FaultScope = {}): void => {
    if (to !== 'existing') faults = { ...faults, ...change };
    if (to !== 'new') for (const link of links) link.change(change);
  };
  const cut = (): void => {
    for (const link of links) link.cut();
  };
  const refuse = (on = true): Promise<void> => {
    const switched = switching.then(async () => {
      if (on) server.close();
      else if (!server.listening && !closed) await listen(server, port);
    });
    switching = switched.catch(() => {});
    return switched;
  };
  const close = async (): Promise<void> => {
    closed = true;
    await refuse();
    cut();
    for (const socket of duplicates) socket.destroy();
    await Promise.all([...links].map((link) => link.closed));
  };

  return {
    origin: `http://127.0.0.1:${port}`,
    port,
    get connections() {
      return links.size;
    },
    cut,
    refuse,
    stall: (on = true, scope) => change({ stall: on }, scope),
    halfOpen(left = 'client') {
      for (const link of links) link.abandon(left);
    },
    delay: (ms, scope) => change({ delay: ms }, scope),
    buffer(bytes, { head = true, ...scope } = {}) {
      change({ buffer: bytes === true ? Infinity : bytes, bufferHead: head }, scope);
    },
    fragment: (bytes, scope) => change({ fragment: bytes }, scope),
    dropUpgrades(on = true, { strip = false, ...scope } = {}) {
      change({ dropUpgrades: on && (strip ? 'strip' : 'refuse') }, scope);
    },
    killStreams: (afterMs, scope) => change({ killStreams: afterMs }, scope),
    cutIdle: (ms, scope) => change({ cutIdle: ms }, scope),
    duplicatePosts: (on = true, scope) => change({ duplicatePosts: on }, scope),
    heal() {
      change(HEALTHY);
      return refuse(false);
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function listen(server: Server, port: number): Promise<void> {
  const listening = once(server, 'listening');
  server.listen(port, '127.0.0.1');
  await listening;
}

/** Below the ports that systems assign, so no other process gets this port while it is closed. */
async function listenSomewhere(server: Server): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    const port = 20_000 + randomInt(12_000);
    try {
      await listen(server, port);
      return port;
    } catch (error) {
      if (attempt === 20) throw error;
    }
  }
}

/** Runs in the page: links that follow topics, and keep the value of each. */

/** A topic's version that a link is to have. */
export interface Wanted {
  readonly id: number;
  readonly topic: string;
  readonly version: number;
}

export interface Report {
  /** Each different value that a topic was, for any link: topic, version, and the value as JSON. */
  readonly got: readonly string[];
  readonly extensions: readonly string[];
  /** Links that broke, and messages that make no sense. */
  readonly failures: readonly string[];
}

export interface Followers {
  /** @param origin where to connect to; everything that is said over an event stream goes to the page's own */
  open(id: number, transport: 'websocket' | 'stream', origin: string, topic: string): void;
  send(id: number, frame: object): void;
  close(id: number): void;
  /** Resolves when the links hold the wanted values or a link has failed. */
  until(wanted: readonly Wanted[]): Promise<Report>;
  /** Closes all, and forgets. */
  reset(): void;
}

declare global {
  interface Window {
    followers: Followers;
  }
}

/** Sets `window.followers`. */
export function install(): void {
  type Value = Record<string, unknown>;
  interface Frame {
    readonly hello?: { readonly session: string };
    readonly topic?: string;
    readonly version?: number;
    readonly delta?: true;
    readonly from?: number;
    readonly body?: unknown;
  }
  interface Operation {
    readonly op: string;
    readonly path: string;
    readonly value: unknown;
  }

  /** A link, and the versions that it has. */
  interface Follower {
    readonly versions: ReadonlyMap<string, number>;
    send(frame: object): void;
    close(): void;
  }

  const got = new Set<string>();
  const extensions = new Set<string>();
  const failures: string[] = [];
  let wake: () => void = () => undefined;
  const fail = (failure: string): void => {
    failures.push(failure);
    wake();
  };

  const follow = (transport: 'websocket' | 'stream', origin: string, topic: string): Follower => {
    const values = new Map<string, Value>();
    const versions = new Map<string, number>();
    let know: (session: string) => void = () => undefined;
    const session = new Promise<string>((resolve) => (know = resolve));
    let isClosed = false;
    let seq = 0;

    const take = ({ hello, topic = '', version, delta, from, body }: Frame): void => {
      if (hello) know(hello.session);
      if (version === undefined) return;
      const known = versions.get(topic);
      if (delta) {
        if (known !== (from ?? version - 1)) throw new Error(`a gap after ${known}`);
        const value = values.get(topic) as Value;
        for (const { op, path, value: part } of body as Operation[]) {
          if (op === 'remove') delete value[path.slice(1)];
          else value[path.slice(1)] = part;
        }
      } else if (body !== undefined) values.set(topic, body as Value);
      versions.set(topic, version);
      got.add(`${topic} ${version} ${JSON.stringify(values.get(topic))}`);
    };
    const hear = ({ data }: MessageEvent<string>): void => {
      if (data.startsWith('{"event":"bulk"')) return;
      try {
        take(JSON.parse(data) as Frame);
      } catch (error) {
        fail(`${String(error)} in ${data}`);
      }
      wake();
    };
    const broken = (): void => {
      if (!isClosed) fail(`a ${transport} broke`);
    };

    const openStream = (): { send: (frame: object) => unknown; close: () => void } => {
      const source = new EventSource(`${origin}/sync?velox=3&topic=${topic}`);
      source.onmessage = hear;
      source.onerror = broken;
      const send = async (frame: object): Promise<void> => {
        const headers = { 'velox-session': await session };
        await fetch('/sync?velox=3', { method: 'POST', headers, body: JSON.stringify([frame]) });
      };
      return { send, close: () => source.close() };
    };
    const openSocket = (): { send: (frame: object) => unknown; close: () => void } => {
      const socket = new WebSocket(`${origin.replace('http', 'ws')}/sync?velox=3`);
      socket.onmessage = hear;
      socket.onclose = broken;
      socket.onopen = () => {
        extensions.add(socket.extensions);
        socket.send('{"open":{}}');
        socket.send(JSON.stringify({ subscribe: [{ topic }] }));
      };
      return { send: (frame) => socket.send(JSON.stringify(frame)), close: () => socket.close() };
    };

    const link = transport === 'stream' ? openStream() : openSocket();
    let sent: Promise<unknown> = session;
    return {
      versions,
      send(frame) {
        const numbered = { ...frame, seq: ++seq };
        sent = sent.then(() => isClosed || link.send(numbered));
      },
      close() {
        isClosed = true;
        link.close();
      },
    };
  };

  const followers = new Map<number, Follower>();
  window.followers = {
    open: (id, transport, origin, topic) => followers.set(id, follow(transport, origin, topic)),
    send: (id, frame) => followers.get(id)?.send(frame),
    close(id) {
      followers.get(id)?.close();
      followers.delete(id);
    },
    async until(wanted) {
      const isThere = ({ id, topic, version }: Wanted): boolean =>
        followers.get(id)?.versions.get(topic) === version;
      while (failures.length === 0 && !wanted.every(isThere)) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return { got: [...got], extensions: [...extensions], failures };
    },
    reset() {
      for (const follower of followers.values()) follower.close();
      followers.clear();
      got.clear();
      failures.length = 0;
    },
  };
}

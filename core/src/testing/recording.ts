import type { Connection } from '../connection/options.js';
import type { ClientFrame, HelloFrame, ServerFrame } from '../protocol/frames.js';
import type { Transport } from '../connection/transport.js';
import { defineTransport } from '../transports/define.js';

/** The frames of a server to one client, as JSON: to be kept in a file, and played to another. */
export interface Recording {
  readonly velox: 3;
  /** Ms since the recording began. */
  readonly frames: readonly { readonly at: number; readonly frame: ServerFrame }[];
}

/**
 * Records the frames of the server from now on. Call it before anything is subscribed, so that no snapshot is
 * missed. Ids of sessions, which are secret, become `recorded-1`, `recorded-2` and so on.
 *
 * @returns a function that returns the recording so far
 * @example
 * const recorded = record(sync)
 * …
 * writeFileSync('session.json', JSON.stringify(recorded()))
 */
export function record({ onFrame }: Pick<Connection, 'onFrame'>): () => Recording {
  const began = performance.now();
  const frames: { at: number; frame: ServerFrame }[] = [];
  /** The public names of sessions, by their ids. */
  const names = new Map<string, string>();
  const nameOf = (id: string): string => {
    const name = names.get(id) ?? `recorded-${names.size + 1}`;
    names.set(id, name);
    return name;
  };
  /** The frame as JSON, without secrets. */
  const toKeep = (frame: ServerFrame, text: string): ServerFrame => {
    if ('binary' in frame) return JSON.parse(text) as ServerFrame; // the listeners of a frame get bytes
    if (!('hello' in frame)) return frame;
    const { session, was, ...hello } = frame.hello;
    return { hello: { ...hello, session: nameOf(session), ...(was !== undefined && { was: nameOf(was) }) } };
  };
  onFrame((frame, text) => frames.push({ at: performance.now() - began, frame: toKeep(frame, text) }));
  return () => ({ velox: 3, frames: [...frames] });
}

/**
 * A transport that plays a recording, in the time that it took; sent frames are acknowledged, without effect. A link that was lost is lost
 * again, and the next attempt goes on from there; the last one stays open. It shows only recorded topics that are subscribed, so subscribe
 * to the same ones.
 *
 * @param speed 2: twice as fast.
 * @example const sync = createConnection({ url, transports: [replay(recording)] })
 */
export function replay({ frames }: Recording, speed = 1): Transport {
  const links = frames.reduce<(typeof frames)[number][][]>((found, each) => {
    if ('hello' in each.frame) found.push([]);
    found.at(-1)?.push(each);
    return found;
  }, []);
  let next = 0;
  return defineTransport('replay', (_, reporter, signal) => {
    const timers: ReturnType<typeof setTimeout>[] = [];
    const say = (frame: ServerFrame): void => {
      if ('hello' in frame) reporter.onOpen();
      reporter.onByte();
      reporter.onMessage(JSON.stringify(frame));
    };
    const link = links[next++] ?? [];
    const began = link[0]?.at ?? 0;
    const isLast = next >= links.length;
    for (const { at, frame } of link) timers.push(setTimeout(say, (at - began) / speed, frame));
    if (isLast) {
      const { heartbeat = 15_000 } = (link[0]?.frame as Partial<HelloFrame> | undefined)?.hello ?? {};
      timers.push(setInterval(say, heartbeat, { ping: true }));
    } else {
      const lost = { code: 'lost', message: 'as it was recorded' } as const;
      timers.push(setTimeout(() => reporter.onClose(lost), ((link.at(-1)?.at ?? 0) - began) / speed + 1));
    }
    let taken = 0;
    signal.addEventListener('abort', () => timers.splice(0).forEach((timer) => clearTimeout(timer)));
    return (text) => {
      const frame = JSON.parse(text) as ClientFrame;
      if ('event' in frame || 'reply' in frame || 'cancel' in frame)
        timers.push(setTimeout(say, 0, { ack: (taken = frame.seq ?? taken + 1) }));
      else if ('ping' in frame) timers.push(setTimeout(say, 0, frame));
    };
  });
}

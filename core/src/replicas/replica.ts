import { advance, type Document } from '../protocol/document.js';
import { load } from '../platform/load.js';
import type { Paint } from './paint.js';
import type { Patch } from '../protocol/patch.js';
import type { CheckFrame, SnapshotFrame, StateFrame, Subscription } from '../protocol/frames.js';
import { createCell, createSignal, type Readable } from '../reactive/readable.js';
import { IDLE, createStatus, type Reason, type Status } from './status.js';

/** How long a topic stays subscribed after the last one left: moving from page to page must not tear it down. */
const LINGER = 1_000;

/** A {@link Readable} that remembers what a server rendered of it, for hydration. */
export interface Hydratable<T> extends Readable<T> {
  readonly getInitial: () => T;
}

/** A value to start from, with its position: a snapshot frame without a topic. */
export type Initial<T> = Pick<SnapshotFrame, 'id' | 'version'> & { readonly body: T };

/**
 * A read-only copy of one topic: always some past version of the server's value, moving forward only. It is kept up to date
 * while somebody is subscribed to it or its patches, and for 1 s more.
 */
export interface Replica<T> extends Hydratable<T | undefined> {
  readonly topic: string;
  /** The status of its connection, with `stale` and `reason` of this topic. Being subscribed to it does not connect. */
  readonly status: Hydratable<Status>;
  /** Tells each change in immer's form, fit for immer's `applyPatches`; a new value as a whole is a replacement of the root. */
  readonly subscribePatches: (onPatches: (patches: Patch[]) => void) => () => void;
}

/** What a replica needs of its connection. */
export interface ReplicaHost extends Pick<Paint, 'owned' | 'schedule' | 'flush'> {
  readonly status: Readable<Status>;
  /** `wanted` has changed, or the topic has to be asked for again. */
  readonly onChange: () => void;
  /** The replica's own status has changed. */
  readonly onStatus: () => void;
}

/** A replica as its connection sees it. */
export interface ReplicaControl<T = unknown> {
  readonly replica: Replica<T>;
  readonly wanted: () => boolean;
  /** Adds what has to be said for the link to carry the topic if it is wanted, and only then; it counts as said. */
  readonly say: (subscribe: Subscription[], unsubscribe: string[]) => void;
  /** The link does not carry the topic any more. */
  readonly drop: () => void;
  readonly receive: (frame: StateFrame | CheckFrame) => void;
  /** The topic is not to be had, or not known to be current, until the next state frame. */
  readonly doubt: (reason: Reason) => void;
  readonly seed: (initial: Initial<T>) => void;
}

/** Creates the copy of one topic for its connection, the only one that sees the {@link ReplicaControl}. */
export function createReplica<T>(topic: string, host: ReplicaHost): ReplicaControl<T> {
  const cell = createCell<T | undefined>(undefined);
  const told = createSignal<[Patch[]]>();
  const status = createStatus();
  let initial: T | undefined;
  /** Moves when a frame arrives; the cell follows at the paint. */
  let document: Document | undefined;
  /** What happened since the last paint. */
  const patches: Patch[] = [];
  /** How this link stands to the topic: it was not asked, it has not answered yet, or we follow. */
  let phase: 'closed' | 'waiting' | 'open' = 'closed';
  let reason: Reason | undefined;
  let diverged: number | undefined;
  let interest = 0;
  let wanted = false;
  let lingering: ReturnType<typeof setTimeout>;

  const refresh = (): void => {
    const base = host.status.get();
    const stale = phase !== 'open' || !!reason;
    status.set({ ...base, stale, reason: reason ?? base.reason, diverged });
  };
  const want = (next: boolean): void => {
    if (wanted !== next) host.onChange();
    wanted = next;
  };
  /** Counts somebody in, until the function that it returns is called. */
  const retain = (stop: () => void): (() => void) => {
    let held = true;
    clearTimeout(lingering);
    interest++;
    want(true);
    return () => {
      if (!held) return;
      held = false;
      stop();
      if (!--interest) lingering = setTimeout(want, LINGER, false);
    };
  };
  const publish = (): void => {
    if (document) {
      const news = patches.splice(0);
      cell.set(document.value as T);
      if (news.length) told.emit(news);
    }
    refresh();
  };
  const drop = (): void => {
    phase = 'closed';
    reason = undefined;
    refresh();
  };
  const askAgain = (): void => {
    drop();
    host.onChange();
  };
  /** What is shown stays until the snapshot. */
  const diverge = (): void => {
    document = undefined;
    diverged = (diverged ?? 0) + 1;
    askAgain();
  };
  const verify = ({ check, at }: CheckFrame): void => {
    host.flush(); // what was published is never written again
    const doubted = document;
    if (doubted?.version !== at) return;
    load().then(
      ({ isCopy }) => isCopy(doubted.value, check) || diverge(),
      () => {}, // it could not be loaded: there is a next time
    );
  };

  status.subscribe(host.onStatus);
  host.status.subscribe(refresh);
  return {
    replica: {
      topic,
      status: { ...status, getInitial: () => IDLE },
      get: cell.get,
      getInitial: () => initial,
      subscribe: (onChange) => retain(cell.subscribe(onChange)),
      subscribePatches: (onPatches) => retain(told.on(onPatches)),
    },
    wanted: () => wanted,
    say(subscribe, unsubscribe) {
      if (wanted === (phase !== 'closed')) return;
      if (wanted) {
        const { id, version } = document ?? {};
        phase = 'waiting';
        const news = document ? undefined : diverged;
        subscribe.push({ topic: topic || undefined, id, version, diverged: news } as Subscription); // JSON leaves out undefined
      } else {
        unsubscribe.push(topic);
        drop();
      }
    },
    drop,
    receive(frame) {
      if (!wanted && phase === 'closed') return; // it crossed our unsubscribe
      if ('check' in frame) return verify(frame);
      const before = document;
      let next;
      try {
        next = advance(before, frame, host.owned(), patches);
      } catch {
        return diverge(); // a delta that cannot be applied
      }
      if (next === 'gap') {
        if (phase === 'open') askAgain(); // once: until the answer, all the others are gaps as well
        return;
      }
      if (next === before && 'delta' in frame) return; // of the past; no answer either
      document = next;
      phase = 'open';
      reason = undefined;
      host.schedule(publish);
    },
    doubt(why) {
      reason = why;
      refresh();
    },
    seed({ id, version, body }) {
      if (initial !== undefined) return;
      initial = body;
      // We may be called in the middle of a rendering, so nobody must hear of it; those who are here get a newer one anyway.
      if (wanted || document) return;
      document = { id, version, value: body };
      cell.set(body);
    },
  };
}

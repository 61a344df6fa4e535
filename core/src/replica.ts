import { advance, type Document } from './document.js';
import type { Paint } from './paint.js';
import type { Patch } from './patch.js';
import type { SnapshotFrame, StateFrame, Subscription } from './protocol.js';
import { createCell, createSignal, type Readable } from './readable.js';
import { IDLE, settle, type Reason, type Status } from './status.js';

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
export interface ReplicaHost {
  readonly paint: Paint;
  readonly status: Readable<Status>;
  /** Something that `wanted` or `pending` says has changed. */
  readonly onChange: () => void;
  /** The replica's own status has changed. */
  readonly onStatus: () => void;
}

/** A replica as its connection sees it. */
export interface ReplicaControl<T = unknown> {
  readonly replica: Replica<T>;
  readonly wanted: () => boolean;
  /** Whether the present link was asked for the topic, and not told that we let it go. */
  readonly carried: () => boolean;
  /** Notes that the link is asked for the topic, and gives what to say. */
  readonly ask: () => Subscription;
  /** Notes that the link does not carry the topic any more. */
  readonly drop: () => void;
  readonly receive: (frame: StateFrame) => void;
  /** The topic is not to be had, or not known to be current, until the next state frame. */
  readonly doubt: (reason: Reason) => void;
  /** The connection's status has changed. */
  readonly refresh: () => void;
  readonly seed: (initial: Initial<T>) => void;
}

/** Creates the copy of one topic for its connection, the only one that sees the {@link ReplicaControl}. */
export function createReplica<T>(topic: string, host: ReplicaHost): ReplicaControl<T> {
  const cell = createCell<T | undefined>(undefined);
  const told = createSignal<[Patch[]]>();
  const status = createCell(IDLE);
  let initial: T | undefined;
  /** Moves when a frame arrives; the cell follows at the paint. */
  let document: Document | undefined;
  /** What happened since the last paint; undefined when not all of it was written down. */
  let patches: Patch[] | undefined = [];
  /** How this link stands to the topic: it was not asked, it has not answered yet, or we follow. */
  let phase: 'idle' | 'asked' | 'current' = 'idle';
  let reason: Reason | undefined;
  let interest = 0;
  let listening = 0;
  let wanted = false;
  let lingering: ReturnType<typeof setTimeout>;

  const refresh = (): void => {
    const base = host.status.get();
    const stale = phase !== 'current' || !!reason;
    status.set(settle(status.get(), { ...base, stale, reason: reason ?? base.reason }));
  };
  const restate = (): void => {
    const before = status.get();
    refresh();
    if (status.get() !== before) host.onStatus();
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
      const { value } = document;
      const news = patches ?? [{ op: 'replace', path: [], value }];
      patches = [];
      cell.set(value as T);
      if (news.length) told.emit(news);
    }
    restate();
  };
  /** @param whole the copy cannot be built upon; what is shown of it stays. */
  const askAgain = (whole: boolean): void => {
    if (whole) document = patches = undefined;
    phase = 'idle';
    restate();
    host.onChange();
  };

  return {
    replica: {
      topic,
      status: { ...status, getInitial: () => IDLE },
      get: cell.get,
      getInitial: () => initial,
      subscribe: (onChange) => retain(cell.subscribe(onChange)),
      subscribePatches(onPatches) {
        const stop = told.on(onPatches);
        listening++;
        return retain(() => {
          stop();
          listening--;
        });
      },
    },
    wanted: () => wanted,
    carried: () => phase !== 'idle',
    ask() {
      phase = 'asked';
      return { ...(topic && { topic }), ...(document && { id: document.id, version: document.version }) };
    },
    drop() {
      phase = 'idle';
      reason = undefined;
      refresh();
    },
    receive(frame) {
      if (!wanted && phase === 'idle') return; // it crossed our unsubscribe
      const before = document;
      let next;
      try {
        next = advance(before, frame, host.paint.owned(), listening ? patches : undefined);
      } catch {
        return askAgain(true); // a delta that cannot be applied: the copies have diverged
      }
      if (next === 'gap') {
        if (phase === 'current') askAgain(false);
        // The first frame after a question bears an id: this was the answer, and does not fit what we said we have.
        else if (phase === 'asked' && before && frame.id) askAgain(true);
        return;
      }
      if (next === before && 'delta' in frame) return; // of the past; no answer either
      if (next !== before && !listening) patches = undefined;
      document = next;
      phase = 'current';
      reason = undefined;
      host.paint.schedule(publish);
    },
    doubt(why) {
      reason = why;
      restate();
    },
    refresh,
    seed({ id, version, body }) {
      if (document || cell.get() !== undefined) return; // never back in time
      document = { id, version, value: body };
      initial = body;
      if (!interest) return cell.set(body);
      // We may be called in the middle of a rendering: those who are here already hear of it at the paint.
      patches = undefined;
      host.paint.schedule(publish);
    },
  };
}

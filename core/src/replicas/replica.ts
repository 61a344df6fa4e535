import { freezeNews, freezeValue } from '#development';
import { advance, type Document } from '../protocol/document.js';
import { loaded } from '../platform/load.js';
import { LAYER, type Layer, type Layered } from './layer.js';
import type { PublishScheduler } from './publish-scheduler.js';
import type { Patch } from '../protocol/patch.js';
import type { CheckFrame, SnapshotFrame, StateFrame, Subscription } from '../protocol/frames.js';
import { createSignal, once, type Readable, type Signal } from '../reactive/readable.js';
import { deriveStatus, IDLE, type DerivedStatus, type Reason, type Status } from './status.js';

/** A {@link Readable} that remembers what a server rendered, for hydration. */
export interface Hydratable<T> extends Readable<T> {
  readonly getInitial: () => T;
}

/** A value to start from, with its position: a snapshot frame without a topic. */
export type Initial<T> = Pick<SnapshotFrame, 'id' | 'version'> & { readonly body: T };

/**
 * A read-only copy of one topic: always some past version of the server's value, moving forward only. It is kept up to date
 * while it, or its patches, have subscribers, and for 1 s more. Then its connection forgets it: keep the replica to keep the value.
 */
export interface Replica<T> extends Hydratable<T | undefined> {
  readonly topic: string;
  /** The status of its connection, with `stale` and `reason` of this topic. Subscribing to the status does not connect. */
  readonly status: Hydratable<Status>;
  /** Emits each change in immer's form, fit for immer's `applyPatches`; a whole new value is a replacement of the root. */
  readonly subscribePatches: (onPatches: (patches: Patch[]) => void) => () => void;
}

/** The functions that a replica needs from its connection. */
export interface ReplicaHost extends Pick<PublishScheduler, 'owned' | 'schedule' | 'flush'> {
  readonly status: Readable<Status>;
  /** `wanted` has changed, or the topic has to be subscribed again. */
  readonly onChange: (control: ReplicaControl) => void;
  /** Whether the topic is wanted and stale has changed. */
  readonly onStale: (isStale: boolean) => void;
}

/** A replica as its connection sees it. */
export interface ReplicaControl {
  readonly replica: Replica<unknown>;
  readonly wanted: () => boolean;
  /**
   * Returns the pending request to the server: a subscription if the topic is wanted, or else the topic to unsubscribe. It counts as sent.
   */
  readonly say: () => Subscription | string | undefined;
  /** The link is gone. The connection counts the topic and notifies, by its own status. */
  readonly drop: () => void;
  /**
   * Takes a frame of the topic. A value that came along with another topic applies only while this topic is
   * not wanted itself.
   */
  readonly receive: (frame: StateFrame | CheckFrame) => void;
  /** The topic is denied, or may be outdated, until the next state frame. */
  readonly doubt: (reason: Reason) => void;
  readonly seed: (initial: Initial<unknown>) => void;
  /** The topics whose values came along with this one: they stay as long as it does. Created for the first one. */
  seeds?: Set<ReplicaControl>;
}

const idle = (): Status => IDLE;

/** Creates the copy of one topic for its connection, the only user of the {@link ReplicaControl}. */
export function createReplica(topic: string, host: ReplicaHost): ReplicaControl {
  /** How long the topic stays subscribed after its last subscriber left, so that a change of pages keeps it. */
  const LINGER_MS = 1_000;

  // The document moves when a frame arrives, and the value follows when it is published.
  let value: unknown;
  const changed = createSignal();
  let document: Document | undefined;
  /** The changes between the two. */
  const patches: Patch[] = [];
  /** Created for the first listener. */
  let patched: Signal<[Patch[]]> | undefined;
  let initial: unknown;
  let layer: Layer | undefined;

  // The subscribers.
  let interest = 0;
  let wanted = false;
  let lingering: ReturnType<typeof setTimeout>;

  // The subscription on this link.
  /** Not asked for, not answered yet, or followed. */
  let phase: 'closed' | 'waiting' | 'open' = 'closed';
  let reason: Reason | undefined;
  /** The proof of the newest snapshot: the server sends steps since then. */
  let proof: string | undefined;
  /** Checks in a row that were about another version. */
  let mismatches = 0;
  let diverged: number | undefined;

  // The status.
  let stale = true;
  /** Whether the connection counts it as stale. */
  let counted = false;
  /** Created for the first reader, since most applications read the status of few topics. */
  let status: DerivedStatus | undefined;

  const derived = (): DerivedStatus =>
    (status ??= deriveStatus(host.status, (base) => ({
      ...base,
      stale,
      reason: reason ?? base.reason,
      diverged,
    })));

  const refresh = (): void => {
    stale = phase !== 'open' || !!reason;
    if (counted !== (wanted && stale)) host.onStale((counted = !counted));
    status?.refresh();
  };
  const want = (next: boolean): void => {
    if (wanted === next) return;
    wanted = next;
    host.onChange(control);
    refresh();
  };
  /** Counts a subscriber, until the returned function is called. */
  const retain = (stop: () => void): (() => void) => {
    clearTimeout(lingering);
    interest++;
    want(true);
    return once(() => {
      stop();
      if (!--interest) lingering = setTimeout(want, LINGER_MS, false);
    });
  };
  const publish = (): void => {
    if (document) {
      const news = patches.splice(0);
      freezeNews(news);
      const next = layer ? layer.show(document.value, news) : document.value;
      if (!Object.is(next, value)) {
        value = next;
        changed.emit();
      }
      if (news.length) patched?.emit(news);
    }
    refresh();
  };
  /** Enters a phase, and clears the reasons for doubt of the former one. */
  const enter = (next: typeof phase): void => {
    phase = next;
    reason = undefined;
    mismatches = 0;
  };
  const drop = (): void => {
    enter('closed');
    stale = true;
    counted = wanted;
  };
  const askAgain = (): void => {
    enter('closed');
    refresh();
    host.onChange(control);
  };
  /** The shown value stays until the snapshot. */
  const diverge = (): void => {
    document = undefined;
    diverged = (diverged ?? 0) + 1;
    askAgain();
  };

  const control: ReplicaControl = {
    replica: {
      topic,
      // No getter: each object with one has a hidden class of its own, 400 B.
      status: {
        get: () => derived().get(),
        getInitial: idle,
        subscribe: (onChange) => derived().subscribe(onChange),
      },
      get: () => value,
      getInitial: () => initial,
      subscribe: (onChange) => retain(changed.on(onChange)),
      subscribePatches: (onPatches) => retain((patched ??= createSignal()).on(onPatches)),
      [LAYER](next) {
        layer = next;
        return () => {
          host.schedule(publish);
          host.flush();
        };
      },
    } as Replica<unknown> & Layered,
    wanted: () => wanted,
    say() {
      if (wanted === (phase !== 'closed')) return undefined;
      if (!wanted) {
        drop();
        status?.refresh();
        return topic;
      }
      phase = 'waiting';
      return {
        topic: topic || undefined,
        ...(document ? { id: document.id, version: document.version, proof } : { diverged }),
      } as Subscription; // JSON leaves out undefined
    },
    drop,
    receive(frame) {
      const isSeed = 'for' in frame;
      // A topic's own frames are newer than a seed. Without a subscription they crossed our unsubscribe, and do not answer the next one.
      if (isSeed ? wanted || phase !== 'closed' : !wanted || phase === 'closed') return;
      if ('check' in frame) {
        host.flush(); // published containers are never written again
        if (document?.version !== frame.at) {
          // State frames precede checks: if it happens twice, one was lost on the way.
          if (phase === 'open' && ++mismatches > 1) askAgain();
          return;
        }
        mismatches = 0;
        if (loaded && !loaded.isCopy(document.value, frame.check)) diverge();
        return;
      }
      const before = document;
      let next;
      try {
        next = advance(before, frame, loaded, host.owned(), patches);
      } catch {
        return diverge(); // a delta that cannot be applied
      }
      if ('body' in frame && !('delta' in frame)) proof = frame.proof;
      if (next === 'gap') {
        if (!loaded) document = undefined; // no delta could be applied: without a position, the answer is a snapshot
        if (phase === 'open' || before !== document) askAgain(); // once: until the answer, all later deltas are gaps as well
        return;
      }
      if (next === before && 'delta' in frame) return; // a stale delta needs no answer
      document = next;
      if (!isSeed) enter('open');
      layer?.seen();
      host.schedule(publish);
    },
    doubt(why) {
      if (!wanted && phase === 'closed') return; // it crossed our unsubscribe
      reason = why;
      refresh();
    },
    seed(frame) {
      freezeValue(frame.body);
      initial ??= frame.body;
      // What the server sent stays, unless the page brings a newer version before the topic is subscribed.
      if (document ? phase !== 'closed' || document.id !== frame.id : value !== undefined) return;
      const before = document;
      document = advance(before, frame, loaded, undefined, wanted ? patches : undefined) as Document;
      // This may run in the middle of a rendering, so it must not notify.
      if (wanted) queueMicrotask(publish);
      else if (document !== before) value = document.value;
    },
  };
  return control;
}

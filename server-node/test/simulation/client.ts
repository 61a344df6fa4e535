import { connect, type Replica, type ServerFrame, type Sync } from '@velox/core';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import type { Path } from '../../src/testing/memory-path.js';
import { createRandom, type Random } from '../../src/testing/random.js';
import type { Document } from './document.js';
import { TOPICS, type Plan, type Topic } from './plan.js';
import type { SimulatedServer, Tell } from './server.js';
import { EventNumbers } from './event-numbers.js';
import type { Watch } from './watch.js';
import { waysOf } from './ways.js';

/** The view of one topic that a client shows. */
interface View {
  readonly topic: Topic;
  readonly replica: Replica<Document>;
  /** Ends the interest in it. */
  leave: (() => void) | undefined;
  /** When the last one left, in virtual ms. */
  leftAt: number;
  /** A shown value, and its text at that time: it must never change. */
  value: Document | undefined;
  text: string;
  /** Whether it has changed since the last frame. */
  isNew: boolean;
  /** Which life of the topic, and how far. */
  life: string;
  version: number;
  readonly formerLives: Set<string>;
}

/** How long an application waits to try again after a refusal, in ms. */
const SENT_AWAY = 1_000;

/** While links do not last, so many attempts may be made in so many ms. */
const MOST_ATTEMPTS = 25;
const JUDGED_MS = 15_000;

/** For so long after a topic was left, a frame of it may still come, in ms. */
const AWAY = 40_000;

/** A client of the simulation: the real one, and its expectations. */
export class SimulatedClient {
  readonly index: number;
  readonly sync: Sync;
  readonly path: Path;
  readonly views: readonly View[];
  /** Until then it had reason to be behind, in virtual ms. */
  excusedUntil = 0;
  readonly #network: MemoryNetwork;
  readonly #server: SimulatedServer;
  readonly #watch: Watch;
  readonly #random: Random;
  #token: string;
  #isLost = false;
  #state = 'idle';
  #flickersUntil = 0;
  #life = 0;
  #troubleUntil = 0;
  /** When it made its attempts, while links do not last. */
  readonly #attempts: number[] = [];
  #noted = 0;
  /** The id of the session, on the last link that was open. */
  #session: string | undefined;
  /** The newest event, by session. */
  readonly #told = new Map<number, number>();

  constructor(
    index: number,
    { seed, way }: Plan,
    network: MemoryNetwork,
    server: SimulatedServer,
    watch: Watch,
  ) {
    const name = `client-${index}`;
    this.index = index;
    this.#network = network;
    this.#server = server;
    this.#watch = watch;
    this.#random = createRandom(seed, 10 + index);
    this.path = network.path(name);
    this.#token = this.#issue();
    this.sync = connect(network.urlOf(name), {
      transports: waysOf(way, network),
      auth: () => this.#auth(),
    });
    this.views = TOPICS.map((topic) => ({
      topic,
      replica: this.sync.replica<Document>(topic),
      leave: undefined,
      leftAt: -Infinity,
      value: undefined,
      text: '',
      isNew: false,
      life: '',
      version: 0,
      formerLives: new Set(),
    }));
    const numbers = new EventNumbers(name, watch);
    this.sync.onFrame((frame) => {
      numbers.see(frame);
      this.#onFrame(frame);
    });
    this.sync.on('tell', (tell) => this.#onTell(tell as Tell));
    this.sync.status.subscribe(() => {
      const { state, transport, reason } = this.sync.status.get();
      watch.note(`${name}: ${state} ${transport ?? ''} ${reason?.code ?? ''}`);
      this.#isLost ||= state === 'waiting';
      if (state === 'connecting' && this.#state === 'waiting') this.#judgeAttempt();
      if (state === 'open' && network.time.now < this.#flickersUntil) {
        setTimeout(() => this.path.cut(), this.#life);
      }
      if (state === 'closed') {
        this.#attempts.length = 0; // the client did not choose them
        setTimeout(() => this.sync.reconnect(), SENT_AWAY);
      }
      this.#state = state;
    });
    for (const view of this.views) this.join(view.topic);
    this.note();
  }

  note(times = 1): void {
    for (let count = 0; count < times; count++) this.sync.emit('note', ++this.#noted);
  }

  join(topic: Topic): void {
    const view = this.#view(topic);
    view.leave ??= view.replica.subscribe(() => this.#onChange(view));
  }

  leave(topic: Topic): void {
    const view = this.#view(topic);
    view.leave?.();
    view.leave = undefined;
    view.leftAt = this.#network.time.now;
  }

  /** Brings a new token while the link lives. */
  renew(): void {
    this.#token = this.#issue();
    this.sync.renew().catch(() => undefined); // there may be no link
  }

  /** For `ms`, its links die `life` ms after they opened. */
  flicker(ms: number, life: number): void {
    this.#flickersUntil = this.#network.time.now + ms;
    this.#life = life;
    this.trouble(ms);
    this.path.cut();
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.#flickersUntil = 0;
  }

  /** For `ms`, links do not last, and attempts are judged. */
  trouble(ms: number): void {
    const { now } = this.#network.time;
    this.#troubleUntil = now + ms;
    this.excusedUntil = Math.max(this.excusedUntil, this.#troubleUntil);
    this.#attempts.length = 0;
  }

  #judgeAttempt(): void {
    const { now } = this.#network.time;
    if (now > this.#troubleUntil) return;
    this.#attempts.push(now);
    while ((this.#attempts[0] as number) <= now - JUDGED_MS) this.#attempts.shift();
    this.#watch.check(
      this.#attempts.length <= MOST_ATTEMPTS,
      () => `client ${this.index} made ${this.#attempts.length} attempts in ${JUDGED_MS} ms`,
    );
  }

  /** Looks whether it shows what it should, or says that it does not; and no check may have found its copy to be wrong. */
  audit(limit: number): void {
    const { now } = this.#network.time;
    for (const { topic, replica, value } of this.views) {
      const { state, stale, diverged } = replica.status.get();
      this.#watch.check(!diverged, () => `client ${this.index} has given up a copy of "${topic}"`);
      if (state !== 'open' || stale || !value || now < this.excusedUntil + limit) continue;
      const age = this.#server.truthOf(topic, value).age(value, now);
      this.#watch.check(
        age <= limit,
        () => `client ${this.index} shows an old "${topic}", as if it were new`,
      );
    }
  }

  /** Whether it takes a value to be outdated although the source says nothing like that any more. */
  get isOutdated(): boolean {
    const { state, reason } = this.#view('far/1').replica.status.get();
    return state === 'open' && reason?.message === 'late';
  }

  /** The missing part, when nothing goes wrong any more; undefined: nothing. */
  missing(): string | undefined {
    const { state } = this.sync.status.get();
    if (state !== 'open') return `it is ${state}`;
    for (const { topic, replica, value } of this.views) {
      if (replica.status.get().stale) return `"${topic}" is stale`;
      const truth = this.#server.truths[topic];
      if (topic === 'by-role' && (value?.members.role === 'admin') !== this.#server.isAdmin(this.index))
        return `"${topic}" is of another role`;
      if (value?.n !== truth.n) return `"${topic}" is ${value?.n}, not ${truth.n}`;
    }
    const { told, number } = this.#server.told(this.#session);
    const heard = this.#server.heard[this.index] as ReadonlySet<number>;
    const lost = this.#noted - heard.size + (told - (this.#told.get(number) ?? 0));
    const dropped = this.sync.dropped.get();
    if (!heard.has(this.#noted)) return `its note ${this.#noted} was not heard`;
    return lost > dropped ? `${lost} events are lost, ${dropped} of them knowingly` : undefined;
  }

  #view(topic: Topic): View {
    return this.views[TOPICS.indexOf(topic)] as View;
  }

  #issue(): string {
    return `${this.index}:${this.#network.time.now}`;
  }

  /** After a loss, the token that is there; else, as after a refusal, a new one. */
  async #auth(): Promise<string> {
    if (!this.#isLost) this.#token = this.#issue();
    this.#isLost = false;
    if (this.#random.chance(0.5))
      await new Promise((resolve) => setTimeout(resolve, this.#random.between(1, 300)));
    return this.#token;
  }

  #onChange(view: View): void {
    const { topic } = view;
    const before = view.value;
    const value = view.replica.get() as Document;
    const truth = this.#server.truthOf(topic, value);
    const says = (what: string) => () => `client ${this.index}, "${topic}" ${value.n}: ${what}`;
    this.#watch.note(`client-${this.index}: "${topic}" is ${value.n}`);
    this.#watch.check(truth.had(value), says(`the server never had ${JSON.stringify(value)}`));
    this.#watch.check(!before || value.n >= before.n, says(`went back from ${before?.n}`));
    this.#watch.check(
      !before || JSON.stringify(before) === view.text,
      says('what was shown before has changed'),
    );
    view.value = value;
    view.text = JSON.stringify(value);
    view.isNew = true;
  }

  #onFrame(frame: ServerFrame): void {
    if ('hello' in frame) this.#session = frame.hello.session;
    if (!('version' in frame)) return;
    const { topic = '', version, id } = frame as { topic?: Topic; version: number; id?: string };
    const view = this.#view(topic);
    if (view.replica.get() !== view.value) this.#onChange(view); // while no view is mounted
    if (!view.isNew || !view.value) return;
    view.isNew = false;
    const life = id ?? view.life;
    const truth = this.#server.truthOf(topic, view.value);
    const says = (what: string) => () =>
      `client ${this.index}, "${topic}" ${truth.name(life)}.${version}: ${what}`;
    if (life === view.life) this.#watch.check(version > view.version, says(`applied after ${view.version}`));
    else {
      // a role may be given back
      this.#watch.check(topic === 'by-role' || !view.formerLives.has(life), says('a former life is back'));
      view.formerLives.add(life);
    }
    truth.see(life, version, view.value.n);
    view.life = life;
    view.version = version;
  }

  #onTell({ session, count, n }: Tell): void {
    const last = this.#told.get(session) ?? 0;
    this.#watch.note(`client-${this.index}: told ${count} in session ${session}`);
    this.#watch.check(count > last, () => `client ${this.index} was told ${count} after ${last}`);
    this.#watch.check(
      count === last + 1 || this.sync.dropped.get() > 0,
      () => `client ${this.index} was told ${count} after ${last}, and nothing was dropped`,
    );
    this.#told.set(session, count);
    const { replica, leave, leftAt } = this.#view('');
    // Nothing arrives of a topic that is not wanted.
    const isExcused = !leave || this.#network.time.now < leftAt + AWAY;
    if (isExcused || replica.status.get().stale) return;
    const shown = replica.get()?.n ?? 0;
    this.#watch.check(shown >= n, () => `client ${this.index} was told of ${n}, and shows ${shown}`);
  }
}

/**
 * Models of the two original clients of version 2, written from what is known of their behaviour. Each is as
 * strict as its original, and also rejects input that its original would silently misread.
 */
import { isContainer, own } from './documents.js';

/** A message of version 2. */
interface Update {
  readonly id?: string;
  readonly ping?: true;
  readonly delta?: true;
  readonly version?: number;
  readonly body?: unknown;
}

type Members = Record<string, unknown>;

const UNSAFE = ['__proto__', 'constructor', 'prototype'];

/** What both clients have in common: the order of the messages of a link. */
abstract class Client {
  /** The value; undefined before the first one. */
  value: unknown;
  id: string | undefined;
  version = 0;
  /** How many state messages came as a delta, and how many whole. */
  readonly counts = { deltas: 0, wholes: 0 };
  #phase: 'new' | 'pinged' | 'open' = 'new';

  /** A new link begins. */
  connect(): void {
    this.#phase = 'new';
  }

  /** Takes the text of one message. */
  receive(text: string): void {
    const update = JSON.parse(text) as Update;
    const members = Object.keys(update).join();
    if (update.ping) {
      check(text === '{"ping":true}', `a ping is ${text}`);
      if (this.#phase === 'new') this.#phase = 'pinged';
      return;
    }
    check(this.#phase !== 'new', 'the first message is no ping');
    check(Number.isSafeInteger(update.version), `the version is ${update.version}`);
    const version = update.version as number;
    check(isContainer(update.body) && !Array.isArray(update.body), `no object: ${text}`);
    if (this.#phase === 'pinged') check(members === 'id,version,body', `the first state is ${text}`);
    else check(['delta,version,body', 'version,body', 'id,version,body'].includes(members), `has ${members}`);
    const isNew = update.id !== undefined && update.id !== this.id;
    check(isNew || version >= this.version, `version ${version} after ${this.version}`);
    if (update.delta) {
      check(version >= this.version, 'a delta joins on');
      this.counts.deltas++;
      this.applyDelta(update.body as Members);
    } else {
      this.counts.wholes++;
      this.applyWhole(update.body as Members);
    }
    this.#phase = 'open';
    this.id = update.id ?? this.id;
    this.version = version;
  }

  protected abstract applyDelta(patch: Members): void;
  protected abstract applyWhole(body: Members): void;
}

/** The Go client: a generic map, into which a delta merges. */
export class GoClient extends Client {
  protected applyWhole(body: Members): void {
    this.value = body;
  }

  protected applyDelta(patch: Members): void {
    check(this.value !== undefined, 'a delta has a base');
    merge(this.value as Members, patch);
  }
}

function merge(target: Members, patch: Members): void {
  for (const [key, value] of Object.entries(patch)) {
    const former = Object.hasOwn(target, key) ? target[key] : undefined;
    if (value === null) delete target[key];
    else if (isObject(value) && isObject(former)) merge(former, value);
    else own(target, key, value); // nulls inside of it are kept
  }
}

/** velox.js: one object that is kept live in place. */
export class JsClient extends Client {
  override value: unknown = {};

  protected applyWhole(body: Members): void {
    fit(this.value as Members, body);
  }

  protected applyDelta(patch: Members): void {
    this.value = patched(this.value, patch);
  }
}

/** As json-merge-patch 1.0.2 does it. */
function patched(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const into = isObject(target) ? target : {};
  for (const [key, value] of Object.entries(patch)) {
    check(!UNSAFE.includes(key), `the key ${key} ends a patch`);
    if (value === null) {
      check(!Object.hasOwn(into, 'hasOwnProperty'), 'a key hasOwnProperty breaks a removal');
      delete into[key];
    } else into[key] = patched(into[key], value);
  }
  return into;
}

/** A whole value is merged into the object deeply. A container that is there stays, of whatever kind it is. */
function fit(target: Members | unknown[], next: object): void {
  const into = target as Members;
  if (Array.isArray(target)) target.length = Math.min(target.length, Object.keys(next).length);
  for (const key of Object.keys(into))
    if (!Object.hasOwn(next, key) && !key.startsWith('$')) delete into[key];
  for (const [key, value] of Object.entries(next)) {
    const former = Object.hasOwn(into, key) ? into[key] : undefined;
    if (isContainer(former) && isContainer(value)) fit(former, value);
    else own(into, key, structuredClone(value));
  }
}

/** Reads the event stream of a response as the Go client does: unexpected input is an error. */
export class GoEventStream {
  readonly #onEvent: (data: string, id: string | undefined) => void;
  #rest = '';
  #data: string | undefined;
  #id: string | undefined;

  constructor(onEvent: (data: string, id: string | undefined) => void) {
    this.#onEvent = onEvent;
  }

  write(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#line(line.replace(/\r$/, ''));
  }

  #line(line: string): void {
    if (line === '') {
      check(this.#data !== undefined, 'an event has no data');
      this.#onEvent(this.#data as string, this.#id);
      this.#data = this.#id = undefined;
      return;
    }
    const [, field, value] = /^(\w+): ([^]+)$/.exec(line) ?? [];
    check(field !== undefined, `a line is no field: ${line}`);
    if (field === 'data') {
      check(this.#data === undefined, 'an event has two data lines');
      this.#data = value;
    } else if (field === 'id') this.#id = value;
  }
}

function isObject(value: unknown): value is Members {
  return isContainer(value) && !Array.isArray(value);
}

function check(holds: boolean, complaint: string): void {
  if (!holds) throw new Error(complaint);
}

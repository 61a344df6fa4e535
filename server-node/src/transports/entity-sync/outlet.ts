import { Message } from '../../wire/message.js';
import type { Outlet } from '../../wire/outlet.js';
import { frameOf } from '../version2/translate.js';

/** The link's reactions to the messages of its session. */
export interface RowRules {
  /** Returns the text to send for the row of a topic as it is now; undefined: nothing. */
  readonly textOf: (topic: string) => string | undefined;
  /** The client may be gone: asks it for a sign of life. */
  readonly onPing: () => void;
  /** A numbered event or reply was dropped, because an entity-sync client has no form for it. */
  readonly onEvent: (number: number) => void;
  /** Called for a call, which an entity-sync client cannot answer. */
  readonly onCall: (call: number) => void;
}

/** The version of a topic that the client was sent last. `isSkipping`: it is not sent the first one. */
interface Known {
  readonly id?: string | undefined;
  readonly version?: number;
  readonly isSkipping?: boolean;
}

/** Translates the messages of a session for an entity-sync client: a whole row for each change of it, and nothing else. */
export class RowOutlet implements Outlet {
  readonly transport = 'entity-sync';
  /** A client of entity-sync acknowledges nothing. */
  readonly isTwoWay = false;
  readonly #outlet: Outlet;
  readonly #rules: RowRules;
  readonly #known = new Map<string, Known>();
  #number = 0;

  /** @param outlet writes the rows */
  constructor(outlet: Outlet, rules: RowRules) {
    this.#outlet = outlet;
    this.#rules = rules;
  }

  get waiting(): number {
    return this.#outlet.waiting;
  }

  /** Notes that the client wants a topic; `isSilent`: not the present row, only later ones. */
  expect(topic: string, isSilent: boolean): void {
    this.#known.set(topic, { isSkipping: isSilent });
  }

  forget(topic: string): void {
    this.#known.delete(topic);
  }

  write(messages: readonly Message[]): boolean {
    const rows = messages.flatMap((message) => this.#translate(message));
    return rows.length === 0 || this.#outlet.write(rows);
  }

  close(code: number, reason: string): void {
    this.#outlet.close(code, reason);
  }

  #translate(message: Message): readonly Message[] {
    if (message.isNumbered) this.#rules.onEvent(++this.#number);
    const frame = frameOf(message);
    if ('ping' in frame) this.#rules.onPing();
    else if ('event' in frame && frame.call !== undefined) this.#rules.onCall(frame.call);
    if (!('version' in frame)) return [];
    const topic = frame.topic ?? '';
    const known = this.#known.get(topic);
    const { version, id = known?.id } = frame;
    this.#known.set(topic, { id, version });
    if (known?.isSkipping || (known?.version === version && known.id === id)) return [];
    const text = this.#rules.textOf(topic);
    return text === undefined ? [] : [new Message(text)];
  }
}

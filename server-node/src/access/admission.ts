import type { IncomingMessage } from 'node:http';
import { isVeloxError, VeloxError, type Limits } from '@velox/core/protocol';
import type { Observer } from '../diagnostics/observer.js';
import { isValid, type StandardSchema } from './standard-schema.js';
import { thenOrNow } from './maybe-promise.js';

/** Who wants in, as far as the transport knows. */
export interface Credentials {
  /** The request that opens the link: of node:http, or a web-standard one where `fetch` serves. */
  readonly request: IncomingMessage | Request;
  /** A header of that request, by its lower-case name. */
  readonly header: (name: string) => string | undefined;
  /** The token of the open frame, or of the header `Authorization: Bearer`. */
  readonly token: string | undefined;
}

/** The rules of a hub for who may come and what they may see. */
export interface Rules<Context> {
  /**
   * Lets a client in by returning its context, or throws: `new VeloxError('forbidden', …)` is answered with 403 or close code
   * 4403, anything else with 401 or 4401. Default: everybody, with the context undefined.
   */
  readonly authorize?: (credentials: Credentials) => Context | Promise<Context>;
  /** Names the one behind a context, for limits; undefined: anonymous. */
  readonly identify?: (context: Context) => string | undefined;
  /** Whether a client may see a topic; asked again by `recheck`. Default: everybody everything. */
  readonly canSubscribe?: (context: Context, topic: string) => boolean | Promise<boolean>;
  /** Standard Schemas for what clients send; `subscription` is asked about the name of each topic, before `canSubscribe`. */
  readonly validators?: { readonly subscription?: StandardSchema };
}

/** Who was let in. */
export interface Admission {
  readonly context: unknown;
  readonly identity: string | undefined;
}

const ANYBODY: Admission = { context: undefined, identity: undefined };

/** The door of a hub. */
export class Admissions {
  readonly #rules: Rules<unknown>;
  readonly #limits: Limits;
  readonly #observer: Observer;
  readonly #inside = new Map<string | undefined, number>();
  #count = 0;

  constructor(rules: Rules<unknown>, limits: Limits, observer: Observer) {
    this.#rules = rules;
    this.#limits = limits;
    this.#observer = observer;
  }

  /** Whether the application authorizes clients. */
  get hasAuthorize(): boolean {
    return this.#rules.authorize !== undefined;
  }

  /**
   * Asks who it is that wants in; where nobody asks, the answer is there at once, and everybody gets the same.
   *
   * @throws VeloxError `unauthorized`, `forbidden`, in words that carry nothing of the application's error; Error where `identify`
   *   fails.
   */
  admit(credentials: Credentials): Admission | Promise<Admission> {
    return this.hasAuthorize ? this.#ask(credentials) : ANYBODY;
  }

  async #ask(credentials: Credentials): Promise<Admission> {
    const context = await this.#authorize(credentials);
    return { context, identity: this.#identify(context) };
  }

  async #authorize(credentials: Credentials): Promise<unknown> {
    try {
      return await this.#rules.authorize?.(credentials);
    } catch (error) {
      this.#observer.log('info', 'refused', { error });
      if (isVeloxError(error, 'forbidden')) throw new VeloxError('forbidden', 'you may not come in.');
      throw new VeloxError('unauthorized', 'who you are is not known here.');
    }
  }

  /** Of whom there are as many sessions as the limits allow, if so: of the one who wants in, or else of all. */
  fullFor({ identity }: Admission): 'identity' | 'hub' | undefined {
    const { sessions, sessionsPerIdentity } = this.#limits;
    const same = this.#inside.get(identity) ?? 0;
    if (identity !== undefined && same >= sessionsPerIdentity) return 'identity';
    return this.#count >= sessions ? 'hub' : undefined;
  }

  /** Counts a session in; `leave` counts it out. */
  enter({ identity }: Admission): void {
    this.#count++;
    this.#inside.set(identity, (this.#inside.get(identity) ?? 0) + 1);
  }

  leave({ identity }: Admission): void {
    this.#count--;
    const left = (this.#inside.get(identity) ?? 1) - 1;
    if (left > 0) this.#inside.set(identity, left);
    else this.#inside.delete(identity);
  }

  /**
   * Whether a client may see a topic: at once where the application answers at once. Only true means yes; a failure is reported and
   * means no.
   */
  maySee({ context }: Admission, topic: string): boolean | Promise<boolean> {
    const { validators, canSubscribe } = this.#rules;
    const failed = (error: unknown): boolean => {
      this.#observer.failure(error);
      return false;
    };
    try {
      const valid = validators?.subscription ? isValid(validators.subscription, topic) : true;
      const answer = thenOrNow(
        valid,
        (sound) => sound && (canSubscribe ? canSubscribe(context, topic) : true),
      );
      const allowed = thenOrNow<unknown, boolean>(answer, (said) => said === true);
      return typeof allowed === 'boolean' ? allowed : allowed.catch(failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** A failure here is the application's and none of the client: it gets no code of a refusal, whatever is thrown. */
  #identify(context: unknown): string | undefined {
    let identity: unknown;
    try {
      identity = this.#rules.identify?.(context);
    } catch (cause) {
      throw new Error('velox: identify() failed.', { cause });
    }
    if (identity === undefined || typeof identity === 'string') return identity;
    throw new TypeError('velox: identify() gave no string. Return one, at once, or undefined.');
  }
}

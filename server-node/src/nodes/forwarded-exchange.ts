import { VeloxError } from '@velox/core/protocol';
import type { Exchange } from '../transports/exchange.js';

/** A request on its way to the node of its session. */
export interface ForwardedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly body?: string;
}

/** The answer on its way back. */
export interface ForwardedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly outcome: string;
}

/** A request that came to another node, as an exchange of this one. */
export class ForwardedExchange implements Exchange {
  readonly request: Request;
  readonly head: Exchange['head'];
  readonly #body: string;
  readonly #reply: (answer: ForwardedAnswer) => void;
  #onAbort: (() => void)[] | undefined = [];

  /**
   * @param reply sends the answer back
   * @throws VeloxError `bad-frame`, TypeError if it is no request: another program may use the bus.
   */
  constructor(forwarded: ForwardedRequest, reply: (answer: ForwardedAnswer) => void) {
    const { method, url, body } = forwarded;
    if (
      typeof method !== 'string' ||
      typeof url !== 'string' ||
      !['string', 'undefined'].includes(typeof body)
    )
      throw new VeloxError('bad-frame', 'a forwarded request has no method, URL or body that is text.');
    const headers = new Headers(forwarded.headers as [string, string][]);
    const host = headers.get('host') ?? 'localhost';
    this.request = new Request(`http://${host}${url}`, {
      method,
      headers,
      ...(body !== undefined && { body }),
    });
    this.head = { method, url, header: (name) => headers.get(name) ?? undefined };
    this.#body = body ?? '';
    this.#reply = reply;
  }

  body(limit: number): Promise<string> {
    if (Buffer.byteLength(this.#body) <= limit) return Promise.resolve(this.#body);
    return Promise.reject(new VeloxError('too-large', `a body has more than ${limit} bytes.`));
  }

  answer(answer: ForwardedAnswer, more: Readonly<Record<string, string>>): void {
    this.#onAbort = undefined;
    this.#reply({ ...answer, headers: { ...answer.headers, ...more } });
  }

  stream(): never {
    throw new VeloxError('not-supported', 'an event stream is not forwarded. Open it on its own node.');
  }

  onAbort(callback: () => void): void {
    this.#onAbort?.push(callback);
  }

  /** The client is gone before it was answered. */
  abort(): void {
    const callbacks = this.#onAbort ?? [];
    this.#onAbort = undefined;
    for (const callback of callbacks) callback();
  }
}

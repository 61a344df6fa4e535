import type { Filter } from './fault-lane.js';
import { HttpSplitter, replaceHeaders, requestFraming, responseFraming, type Part } from './http-splitter.js';

/** What of {@link Faults} concerns requests and responses. False is off. */
export interface HttpFaults {
  /** Bytes to wait for; `Infinity`: for the end of the response. */
  readonly buffer: number | false;
  /** Whether the head of a response waits as well. */
  readonly bufferHead: boolean;
  readonly dropUpgrades: 'refuse' | 'strip' | false;
  readonly duplicatePosts: boolean;
}

/** The result of the exchange on a connection. */
export interface HttpEvents {
  /** The upgrade that was asked for is not to happen: the client gets `answer`, the server nothing. */
  onRefusal(answer: Buffer): void;
  /** A request that is to be sent once more, to be answered on a connection of its own. */
  onDuplicate(request: Buffer): void;
  /** The head of an event stream has passed; or a response that is none, or the end of one. */
  onStream(open: boolean): void;
}

/** The two directions of one HTTP/1.1 connection, which only together make sense. */
export class HttpConversation {
  readonly #faults: HttpFaults;
  readonly #events: HttpEvents;
  readonly #methods: (string | undefined)[] = [];
  #copy: Buffer[] | undefined;
  #held: Buffer[] = [];

  constructor(faults: HttpFaults, events: HttpEvents) {
    this.#faults = faults;
    this.#events = events;
  }

  readonly #requestSplitter: HttpSplitter = new HttpSplitter((head) => {
    this.#methods.push(head.start[0]);
    return requestFraming(head);
  });

  readonly #responseSplitter: HttpSplitter = new HttpSplitter((head) => {
    const interim = /^1(?!01)/.test(head.start[1] ?? ''); // the final one is still to come
    const framing = responseFraming(head, interim ? undefined : this.#methods.shift());
    if (framing === 'tunnel') this.#requestSplitter.tunnel();
    return framing;
  });

  /** The way from the client to the server. */
  readonly requests: Filter = {
    take: (chunk) => this.#requestSplitter.split(chunk).flatMap((part) => this.#request(part)),
    flush: () => this.#requestSplitter.end(),
  };

  /** The way from the server to the client. */
  readonly responses: Filter = {
    take: (chunk) => this.#responseSplitter.split(chunk).flatMap((part) => this.#response(part)),
    flush: () => [...this.release(), ...this.#responseSplitter.end()],
  };

  /** Releases the bytes of a response that were held back. */
  release(): Buffer[] {
    return this.#held.splice(0);
  }

  #request({ bytes, head, last }: Part): Buffer[] {
    const { dropUpgrades, duplicatePosts } = this.#faults;
    if (dropUpgrades && head?.headers.get('upgrade')?.toLowerCase() === 'websocket') {
      if (dropUpgrades === 'strip') return [replaceHeaders(bytes, ['upgrade', 'connection'])];
      this.#events.onRefusal(REFUSAL);
      return [];
    }
    if (head) {
      const wanted = duplicatePosts && head.start[0] === 'POST';
      this.#copy = wanted ? [replaceHeaders(bytes, ['connection'], 'Connection: close')] : undefined;
    } else {
      this.#copy?.push(bytes);
    }
    if (last && this.#copy) {
      this.#events.onDuplicate(Buffer.concat(this.#copy));
      this.#copy = undefined;
    }
    return [bytes];
  }

  #response({ bytes, head, last }: Part): Buffer[] {
    if (head || last) {
      const stream = !last && head?.headers.get('content-type')?.startsWith('text/event-stream');
      this.#events.onStream(stream === true);
    }
    this.#held.push(bytes);
    const { buffer, bufferHead } = this.#faults;
    if (buffer === false || last || (head && !bufferHead)) return this.release();
    const length = this.#held.reduce((sum, { length }) => sum + length, 0);
    return length < buffer ? [] : this.release();
  }
}

const REFUSAL = Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');

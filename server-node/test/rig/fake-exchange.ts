import type { Answer, Exchange, StreamOptions } from '../../src/transports/exchange.js';
import { FakeOutlet } from './fake-outlet.js';

/** An exchange without a network, whose answer a test can read. Closing its stream ends it at once. */
export class FakeExchange implements Exchange {
  readonly request: Request = new Request('http://localhost');
  readonly head: Exchange['head'] = { method: 'GET', url: '/', header: () => undefined };
  readonly answers: Answer[] = [];
  readonly streams: FakeOutlet[] = [];

  body(): Promise<unknown> {
    return Promise.resolve('');
  }

  answer(answer: Answer): void {
    this.answers.push(answer);
  }

  stream(_headers: unknown, { onClose }: StreamOptions): FakeOutlet {
    const outlet = new FakeOutlet();
    this.streams.push(outlet);
    return Object.assign(outlet, { close: () => onClose('ended') });
  }

  onAbort(): void {
    // the client stays until it is answered
  }
}

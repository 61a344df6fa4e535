import { describe, expect, it } from 'vitest';
import { Hub } from '../../hub/hub.js';
import * as velox from '../../index.js';
import { FakeExchange } from '../../../test/rig/fake-exchange.js';
import { listen } from '../../../test/rig/listen.js';
import { rawStream } from '../../../test/rig/raw-client.js';
import { serveSse } from './serve-sse.js';

const ANYBODY = { context: undefined, identity: undefined };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('an event stream', () => {
  it('is answered and ends if it is replaced before its first write', async () => {
    const hub = new Hub();
    const exchanges = [new FakeExchange(), new FakeExchange(), new FakeExchange()] as const;
    const serve = (exchange: FakeExchange, open = {}): Promise<string> =>
      serveSse(hub, exchange, {}, ANYBODY, open, []);
    const first = serve(exchanges[0]);
    await turn();
    const [hello] = exchanges[0].streams[0]?.take() as [{ hello: { session: string } }];
    const second = serve(exchanges[1], hello.hello);
    void serve(exchanges[2], hello.hello);
    expect(await Promise.all([first, second])).toEqual(['ended', 'ended']);
    expect(exchanges[1].streams).toHaveLength(1);
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
  });

  it('causes no error and leaves no session if other code answers before its head', async () => {
    const warnings: unknown[] = [];
    const hub = velox.createHub({
      authorize: () => turn(),
      logger: ({ level, error }) => level === 'error' && warnings.push(error),
    });
    hub.state('', { n: 1 });
    let outcome: Promise<string> | undefined;
    await using server = await listen((request, response) => {
      const handled = hub.handle(request, response);
      if (request.headers['x-late'] === undefined) return;
      outcome = handled;
      response.writeHead(503).end('{"error":{"code":"late"}}'); // a time-out of the application, for instance
    });
    const neighbour = rawStream(server.origin);
    await neighbour.find((frame) => 'version' in frame);
    expect(await rawStream(server.origin, { 'x-late': '1' }).whenEnded()).toBe('refused 503 late');
    expect(await outcome).toBe('answered elsewhere');
    expect(hub.stats()).toMatchObject({ sessions: 1, away: 0 });
    expect(warnings).toEqual([]);
  });
});

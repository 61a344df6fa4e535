/** What only a browser does to a connection: pages that are left and come back, a network that goes, a clock that jumps. */
import { chromium, expect, test, type Page } from '@playwright/test';
import { Fixture, type Counter } from './fixture.js';

/** The records that the page keeps for the test. */
interface Client {
  readonly shown: (number | undefined)[];
  readonly kinds: string[];
  readonly session: string;
  readonly asked: number;
  readonly status: import('@velox/core').Status;
  readonly persisted: boolean[];
}
type Sync = import('@velox/core').Sync;
declare global {
  interface Window {
    sync: Sync;
    client: Client;
  }
}

let fixture: Fixture;
test.beforeEach(async () => {
  fixture = await Fixture.start();
});
test.afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

/** Opens a page whose client records each value. With `tokens`, it has an `auth` that gives one after the other. */
async function open(page: Page, transport: string, tokens?: readonly string[]): Promise<void> {
  await page.goto(`${fixture.origin}/page.html`);
  await page.evaluate(
    async ({ transport, tokens }) => {
      const path = '/client.js';
      const { connect } = (await import(path)) as typeof import('@velox/core');
      const client = {
        shown: [],
        kinds: [],
        session: '',
        asked: 0,
        status: {},
        persisted: [],
      } as unknown as {
        -readonly [K in keyof Client]: Client[K];
      };
      const sync = connect('/sync', {
        transport: transport as 'auto',
        auth: tokens && (() => tokens[client.asked++] ?? 'none left'),
      });
      sync.onFrame((frame) => {
        if ('hello' in frame) {
          client.session = frame.hello.session;
          client.kinds.push('hello');
        } else if ('version' in frame)
          client.kinds.push('delta' in frame ? 'delta' : 'body' in frame ? 'snapshot' : 'position');
      });
      const replica = sync.replica<{ count: number }>();
      replica.subscribe(() => client.shown.push(replica.get()?.count));
      sync.status.subscribe(() => (client.status = sync.status.get()));
      addEventListener('pageshow', (event) => client.persisted.push(event.persisted));
      Object.assign(window, { sync, client });
    },
    { transport, tokens },
  );
  await expectLive(page);
}

const read = (page: Page): Promise<Client> => page.evaluate(() => window.client);

/** The page shows what the server has, within 5 s. */
async function expectLive(page: Page): Promise<void> {
  const { count } = fixture.state.get() as Counter;
  await expect.poll(async () => (await read(page)).shown.at(-1)).toBe(count);
}

for (const transport of ['websocket', 'sse', 'polling']) {
  test.describe(`over ${transport}`, () => {
    test('a page that went into the back/forward cache resumes by a delta', async () => {
      const browser = await chromium.launch({
        ...test.info().project.use.launchOptions,
        ignoreDefaultArgs: ['--disable-back-forward-cache'],
      });
      try {
        const page = await browser.newPage();
        await open(page, transport);
        const { session: before } = await read(page);
        await page.goto(`${fixture.origin}/elsewhere.html`);
        await expect.poll(() => fixture.hub.stats().sessions - fixture.hub.stats().away).toBe(0);
        fixture.bump();
        await page.goBack({ waitUntil: 'commit' });
        await expectLive(page);
        const { persisted, kinds, status, session } = await read(page);
        expect(persisted).toEqual([true]);
        expect(kinds).toEqual(['hello', 'snapshot', 'hello', 'delta']);
        expect(session).toBe(before);
        expect(status.state).toBe('open');
      } finally {
        await browser.close();
      }
    });

    test('nothing is tried while the browser is offline; once online it goes on by a delta', async ({
      page,
      context,
    }) => {
      await open(page, transport);
      await context.setOffline(true);
      fixture.cut();
      fixture.bump();
      await expect.poll(async () => (await read(page)).status.state, { timeout: 10_000 }).toBe('offline');
      const before = fixture.accepted;
      await page.waitForTimeout(3_000);
      expect(fixture.accepted).toBe(before);
      expect((await read(page)).status.state).toBe('offline');
      await context.setOffline(false);
      await expectLive(page);
      // Chromium may repeat a poll that was cut before it is offline, and the delta comes with that.
      const { kinds } = await read(page);
      expect(kinds.filter((kind) => kind !== 'position').toSorted()).toEqual([
        ...['delta', 'hello', 'hello', 'snapshot'],
      ]);
    });

    test('a clock that jumps by ten minutes costs neither the link nor the value', async ({ page }) => {
      await page.clock.install();
      await open(page, transport);
      await page.clock.fastForward('10:00');
      fixture.bump();
      await expectLive(page);
      await page.clock.runFor(6_000);
      fixture.bump();
      await expectLive(page);
      const { kinds } = await read(page);
      expect(kinds.filter((kind) => kind === 'snapshot')).toHaveLength(1);
      expect(kinds.filter((kind) => kind === 'hello')).toHaveLength(1);
    });

    test('a token that expires is fetched anew once; position and unsent events are kept', async ({
      page,
    }) => {
      fixture.tokens = ['first'];
      // A request brings the old token itself, so the first event does; a WebSocket brings it with the next attempt.
      const given = transport === 'websocket' ? ['first', 'first', 'second'] : ['first', 'second'];
      await open(page, transport, given);
      fixture.tokens = ['second'];
      await page.evaluate(() => {
        for (const text of ['one', 'two']) window.sync.emit('chat', text);
        window.sync.emit('chat', 'three');
      });
      if (transport === 'websocket') fixture.cut();
      await page.evaluate(() => window.sync.emit('chat', 'four'));
      fixture.bump();
      await expectLive(page);
      await expect.poll(() => fixture.heard).toEqual(['one', 'two', 'three', 'four']);
      const { asked, kinds } = await read(page);
      expect(asked).toBe(given.length);
      expect(kinds.filter((kind) => kind === 'snapshot')).toHaveLength(1);
    });
  });
}

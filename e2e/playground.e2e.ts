import { expect, test, type Page } from '@playwright/test';
import { PlaygroundServer } from './server.js';

let server: PlaygroundServer;
test.beforeEach(async () => {
  server = await PlaygroundServer.start();
});
test.afterEach(async () => {
  await server.kill();
});

interface Board {
  readonly columns: readonly {
    readonly title: string;
    readonly cards: readonly { readonly text: string }[];
  }[];
}

const readServer = async (): Promise<string[][]> => {
  const answer = await fetch(`${server.origin}/board`, { headers: { accept: 'application/json' } });
  const { body } = (await answer.json()) as { body: Board };
  return body.columns.map(({ cards }) => cards.map(({ text }) => text));
};

const readPage = (page: Page): Promise<string[][]> =>
  page
    .locator('.column')
    .evaluateAll((columns) =>
      columns.map((each) => [...each.querySelectorAll('.card p')].map((text) => text.textContent ?? '')),
    );

/** The page shows what the server has. */
async function expectEqual(...pages: Page[]): Promise<void> {
  for (const page of pages) {
    await expect(async () => expect(await readPage(page)).toEqual(await readServer())).toPass({
      timeout: 20_000,
    });
  }
}

/** The complaints of the console, without the browser's own words about refused connections. */
function complaints(page: Page): string[] {
  const found: string[] = [];
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (
      /ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_INCOMPLETE_CHUNKED|WebSocket connection to/.test(
        message.text(),
      )
    )
      return;
    found.push(message.text());
  });
  page.on('pageerror', (error) => found.push(error.message));
  return found;
}

/** Opens the page, and waits for its board: a connection is open before its first value has come. */
async function openBoard(page: Page): Promise<void> {
  await page.goto(server.origin);
  await expect(page.locator('.pill[data-state=open]').first()).toBeVisible();
  await expect(page.getByLabel('New card in To do')).toBeVisible();
}

async function addCard(page: Page, text: string): Promise<void> {
  await page.getByLabel('New card in To do').fill(text);
  await page.getByLabel('New card in To do').press('Enter');
}

for (const transport of ['websocket', 'sse'] as const) {
  test(`over ${transport}: edits of another window arrive, also after the server was killed and started again`, async ({
    page,
    context,
  }) => {
    const other = await context.newPage();
    const complained = [complaints(page), complaints(other)];
    await page.goto(`${server.origin}/?transport=${transport}`);
    await other.goto(`${server.origin}/?transport=${transport}`);
    await expect(page.locator('.pill[data-state=open]').first()).toBeVisible();
    await expect(
      page.getByText(transport === 'sse' ? /sse|server-sent/i : /websocket/i).first(),
    ).toBeVisible();

    await addCard(other, 'from the other window');
    await expect(page.getByText('from the other window', { exact: true })).toBeVisible();
    await other.getByRole('button', { name: 'Move “from the other window” right' }).click();
    await expectEqual(page, other);

    await server.kill();
    await expect(page.locator('.pill[data-state=open]')).toHaveCount(0);
    await expect(page.getByText('from the other window', { exact: true })).toBeVisible(); // stale, and shown all the same
    await server.start();
    await expectEqual(page, other);
    await expect(page.getByText('from the other window', { exact: true })).toBeHidden(); // a new life

    await addCard(page, 'after the restart');
    await expect(other.getByText('after the restart', { exact: true })).toBeVisible();
    await expectEqual(page, other);
    expect(complained).toEqual([[], []]);
  });
}

test('the process list re-sorts live, and a process keeps its row', async ({ page }) => {
  await page.goto(server.origin);
  const rows = page.locator('table tbody tr');
  await expect(rows.first()).toBeVisible();
  const pids = (): Promise<string[]> => rows.locator('td:first-child, th:first-child').allTextContents();
  await rows.evaluateAll((all) => {
    for (const row of all) (row as HTMLElement).dataset.pid = row.firstElementChild?.textContent ?? '';
  });
  const before = await pids();
  expect(before.length).toBeGreaterThan(3);
  await expect.poll(async () => (await pids()).join(), { timeout: 20_000 }).not.toBe(before.join());
  const strangers = await rows.evaluateAll((all) =>
    all.filter((row) => {
      const { pid } = (row as HTMLElement).dataset;
      return pid !== undefined && pid !== row.firstElementChild?.textContent;
    }),
  );
  expect(strangers).toEqual([]);
});

test('an edit shows before a slow server has answered, and then in the other window', async ({
  page,
  context,
}) => {
  const other = await context.newPage();
  await page.goto(server.origin);
  await other.goto(server.origin);
  await expect(other.locator('.card')).toHaveCount(4);
  await expect(page.locator('.card')).toHaveCount(4);
  await page.getByLabel('Slow server').check();
  await page.getByLabel('New card in To do').fill('early');
  // One frame after the click, the answer of a slow server cannot be there.
  const seen = await page.evaluate(async () => {
    document.querySelector<HTMLButtonElement>('.column .add-card button')?.click();
    await new Promise(requestAnimationFrame);
    const foot = document.querySelector('.board-foot p')?.textContent;
    return [document.querySelectorAll('.card').length, foot];
  });
  expect(seen).toEqual([5, "Shown before the server's answer: 1"]);
  await expect(other.getByText('early', { exact: true })).toBeVisible();
  await expect(page.getByText("Shown before the server's answer")).toBeHidden();
  await expectEqual(page, other);
});

test('an edit that the server refuses is taken back, with the reason', async ({ page, context }) => {
  const other = await context.newPage();
  await page.goto(server.origin);
  await other.goto(server.origin);
  await page.getByLabel('Slow server').check();
  await page.getByRole('button', { name: 'Move “npm start” left' }).click();
  await other.getByRole('button', { name: 'Delete “npm start”' }).click();
  await expect(page.getByRole('alert').getByText('This card is gone: someone deleted it.')).toBeVisible();
  await expectEqual(page, other);
  await expect(page.locator('.card').getByText('npm start', { exact: true })).toHaveCount(0);
});

test('an edit during an outage shows immediately, and reaches the server when it is back', async ({
  page,
}) => {
  await openBoard(page);
  await server.kill();
  await expect(page.locator('.pill[data-state=open]')).toHaveCount(0);
  await addCard(page, 'kept');
  await expect(page.getByText('kept', { exact: true })).toBeVisible();
  await server.start();
  await expect(async () => expect((await readServer())[0]).toContain('kept')).toPass({ timeout: 20_000 });
  await expectEqual(page);
});

test('an edit that an outage outlasts is reported, until the server answers again', async ({ page }) => {
  test.setTimeout(90_000);
  await openBoard(page);
  await server.kill();
  // An edit that is written before the page has noticed may have been made, for all that it knows.
  await expect(page.locator('.pill[data-state=open]')).toHaveCount(0);
  await addCard(page, 'lost');
  const report = page.getByText('The server cannot be reached. Nothing was changed.');
  await expect(report).toBeVisible({ timeout: 30_000 }); // events wait for 15 s
  await server.start();
  await expect(report).toBeHidden({ timeout: 30_000 });
  await expectEqual(page);
});

for (const width of [1280, 390]) {
  test(`at ${width} px the page shows whole rows, whole notes and nothing beyond its edge`, async ({
    page,
  }) => {
    await page.setViewportSize({ width, height: 900 });
    await page.goto(server.origin);
    await expect(page.locator('table tbody tr').nth(12)).toBeAttached();
    const seen = await page.evaluate(() => {
      const box = (selector: string) => document.querySelector(selector)?.getBoundingClientRect();
      const list = box('.processes')?.height ?? 0;
      const row = box('.processes tbody tr')?.height ?? 1;
      const notes = [...document.querySelectorAll<HTMLElement>('.panel-note')];
      return {
        partOfRow: Math.round(list % row),
        cutNotes: notes.filter((note) => note.scrollWidth > note.clientWidth).length,
        overflow: document.documentElement.scrollWidth - innerWidth,
        linesOfPill: Math.round((box('.header .pill')?.top ?? 0) - (box('.header-host')?.top ?? 0)),
      };
    });
    expect(seen).toMatchObject({ partOfRow: 0, cutNotes: 0, overflow: 0 });
    expect(Math.abs(seen.linesOfPill)).toBeLessThan(8); // the status and the host share a line
  });
}

test('rows never overlap while the process list re-sorts', async ({ page }) => {
  await page.goto(server.origin);
  await expect(page.locator('table tbody tr').nth(12)).toBeAttached();
  const { sorts, overlap } = await page.evaluate(async () => {
    const rows = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('.processes tbody tr')];
    let order = '';
    const seen = { sorts: 0, overlap: 0 };
    for (const end = performance.now() + 15_000; performance.now() < end && seen.sorts < 5;) {
      await new Promise(requestAnimationFrame);
      const now = rows()
        .map((row) => row.firstElementChild?.textContent)
        .join();
      if (order && now !== order) seen.sorts++;
      order = now;
      const boxes = rows()
        .map((row) => row.getBoundingClientRect())
        .sort((a, b) => a.top - b.top);
      for (const [at, box] of boxes.entries()) {
        seen.overlap = Math.max(seen.overlap, (boxes[at - 1]?.bottom ?? box.top) - box.top);
      }
    }
    return seen;
  });
  expect(sorts).toBeGreaterThan(0);
  expect(overlap).toBeLessThan(1);
});

test('the page leads to its guide, its protocol and its source', async ({ page }) => {
  await page.goto(server.origin);
  const links = await page
    .locator('footer a')
    .evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
  expect(links.length).toBeGreaterThan(3);
  for (const link of links) expect((await page.request.get(link)).status()).toBe(200);
});

/** The playground's chat: rooms, messages, presence and typing, between two windows. */
import { expect, test, type Page } from '@playwright/test';
import { PlaygroundServer } from './server.js';

let server: PlaygroundServer;
test.beforeEach(async () => {
  server = await PlaygroundServer.start();
});
test.afterEach(async () => {
  await server.kill();
});

const chat = (page: Page) => page.getByRole('region', { name: 'Chat' });
const members = (page: Page) => chat(page).getByRole('list', { name: 'In this room' }).getByRole('listitem');
const messages = (page: Page) => chat(page).getByRole('log', { name: 'Messages' });

/** Opens the page, and returns the name of its visitor. */
async function enter(page: Page, path = '/'): Promise<string> {
  await page.goto(server.origin + path);
  const own = members(page).filter({ hasText: '(you)' });
  await expect(own).toBeVisible();
  return ((await own.textContent()) ?? '').replace('(you)', '').trim();
}

async function say(page: Page, text: string): Promise<void> {
  await chat(page).getByLabel('Message', { exact: true }).fill(text);
  await chat(page).getByRole('button', { name: 'Send' }).click();
}

for (const transport of ['websocket', 'sse'] as const) {
  test(`over ${transport}: two windows chat, see each other type, and see one leave`, async ({
    page,
    context,
  }) => {
    const other = await context.newPage();
    const name = await enter(page, `/?transport=${transport}`);
    const otherName = await enter(other, `/?transport=${transport}`);
    await expect(members(page)).toHaveCount(2);
    await expect(members(page).last()).toHaveText(otherName);
    await expect(members(other).last()).toHaveText(name);

    await chat(other).getByLabel('Message', { exact: true }).fill('I am abo');
    await expect(chat(page).getByText(`${otherName} is typing`)).toBeVisible();
    await say(other, 'Hello there');
    await expect(messages(page).getByText('Hello there', { exact: true })).toBeVisible();
    await expect(chat(page).getByText('is typing')).toBeHidden();
    await say(page, 'Hello back');
    await expect(messages(other).getByRole('listitem')).toHaveText([/Hello there/, /Hello back/]);

    await other.close();
    await expect(members(page).nth(1)).toHaveText(`${otherName} away`);
  });
}

test('a room has members and messages of its own, and keeps the messages', async ({ page, context }) => {
  const other = await context.newPage();
  await enter(page);
  await enter(other);
  await expect(members(page)).toHaveCount(2);
  await chat(other).getByRole('button', { name: 'Ideas' }).click();
  await expect(members(page)).toHaveCount(1);
  await expect(members(other)).toHaveCount(1);
  await say(other, 'Only here');
  await expect(messages(other).getByText('Only here')).toBeVisible();
  await expect(messages(page).getByText('Only here')).toHaveCount(0);
  await chat(page).getByRole('button', { name: 'Ideas' }).click();
  await expect(messages(page).getByText('Only here')).toBeVisible();
  await expect(members(other)).toHaveCount(2);
});

test('after a restart of the server, the visitors are in their room again by their names', async ({
  page,
  context,
}) => {
  const other = await context.newPage();
  const name = await enter(page);
  await enter(other);
  await server.kill();
  await server.start();
  await say(other, 'Still here');
  await expect(messages(page).getByText('Still here')).toBeVisible();
  await expect(members(other).nth(1)).toHaveText(name);
});

test('the mouse of another window shows over the board, with its name, until it leaves', async ({
  page,
  context,
}) => {
  const other = await context.newPage();
  await enter(page);
  const name = await enter(other);
  const column = other.locator('.column').nth(1);
  await column.hover({ position: { x: 60, y: 20 } });
  const cursor = page.locator('.column').nth(1).locator('.cursor');
  await expect(cursor).toHaveText(name);
  await expect(cursor).toHaveCSS('top', '20px');
  await expect(other.locator('.cursor')).toHaveCount(0);
  await other.getByRole('heading', { name: 'Velox' }).hover();
  await expect(cursor).toHaveCount(0);
});

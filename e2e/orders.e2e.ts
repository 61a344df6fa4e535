/** The example of live orders: SQL from outside of the application changes the rows in two windows, on PGlite and on PostgreSQL. */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, type Page } from '@playwright/test';
import { postgresPrograms, startPostgres } from '../server-node/test/rig/postgres.js';

const run = promisify(execFile);

/** The example in a process of its own. */
interface Example extends AsyncDisposable {
  readonly origin: string;
  /** All that it said until it listened. */
  readonly said: string;
  /** Runs SQL in its terminal. */
  readonly type: (sql: string) => void;
}

async function startExample(env: NodeJS.ProcessEnv = {}): Promise<Example> {
  const server: ChildProcess = spawn(process.execPath, ['examples/orders/server.js'], {
    env: { ...process.env, PORT: '0', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  const origin = await new Promise<string>((resolve, reject) => {
    server.once('exit', () => reject(new Error(`the example ended: ${said}`)));
    server.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
      const found = /listening on (\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
  });
  return {
    origin,
    said,
    type: (sql) => void server.stdin?.write(`${sql}\n`),
    async [Symbol.asyncDispose]() {
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill();
      await ended;
    },
  };
}

const rows = (page: Page) => page.locator('tbody tr');

/** Changes rows by SQL, and by a click, and expects each change in every window. */
async function change(pages: readonly Page[], origin: string, sql: (text: string) => unknown): Promise<void> {
  const complaints: string[] = [];
  for (const each of pages) {
    each.on('pageerror', (error) => complaints.push(error.message));
    await each.goto(origin);
    await expect(rows(each)).toHaveCount(4);
  }
  await sql("update orders set status = 'sent' where customer = 'Ada'");
  for (const each of pages) await expect(rows(each).first().getByRole('button')).toHaveText('sent');
  await sql("insert into orders (customer, product, amount) values ('Eve', 'Mirror', 1)");
  for (const each of pages) await expect(rows(each).last()).toContainText('Eve');
  await sql("delete from orders where customer = 'Ben'");
  for (const each of pages) await expect(rows(each).filter({ hasText: 'Ben' })).toHaveCount(0);
  await rows(pages[0] as Page)
    .filter({ hasText: 'Cleo' })
    .getByRole('button')
    .click();
  for (const each of pages)
    await expect(rows(each).filter({ hasText: 'Cleo' }).getByRole('button')).toHaveText('packed');
  expect(complaints).toEqual([]);
}

test('a change by SQL shows in two windows, on PGlite, which says that it starts', async ({
  page,
  context,
}) => {
  test.setTimeout(180_000);
  await using example = await startExample({ DATABASE_URL: '' });
  expect(example.said).toMatch(/starting PGlite[^]*PGlite is ready after \d+ s/);
  await change([page, await context.newPage()], example.origin, example.type);
});

test('a change by psql shows in two windows, on PostgreSQL', async ({ page, context }) => {
  test.setTimeout(180_000);
  await using database = await startPostgres();
  const url = `postgres://velox@127.0.0.1:${database.port}/velox`;
  const psql = (sql: string) => run(join(postgresPrograms(), 'psql'), ['-q', '-d', url, '-c', sql]);
  await using example = await startExample({ DATABASE_URL: url });
  await change([page, await context.newPage()], example.origin, psql);
});

test('a change by psql shows after the database was restarted', async ({ page }) => {
  test.setTimeout(180_000);
  await using database = await startPostgres();
  const url = `postgres://velox@127.0.0.1:${database.port}/velox`;
  const psql = (sql: string) => run(join(postgresPrograms(), 'psql'), ['-q', '-d', url, '-c', sql]);
  await using example = await startExample({ DATABASE_URL: url });
  await page.goto(example.origin);
  await expect(rows(page)).toHaveCount(4);
  await database.restart();
  await psql("update orders set status = 'sent' where customer = 'Ada'");
  await expect(rows(page).first().getByRole('button')).toHaveText('sent');
});

import { once } from 'node:events';
import { expect, it } from 'vitest';
import { Observer } from './observer.js';

/** The next warning of the process. */
async function warning(): Promise<Error & { detail?: string }> {
  const [error] = (await once(process, 'warning')) as [Error & { detail?: string }];
  return error;
}

it('without a logger, a failed callback is a warning of the process and not its end', async () => {
  const warned = warning();
  new Observer().failure(new Error('of the application'));
  expect(await warned).toMatchObject({
    name: 'VeloxWarning',
    message: 'velox: a callback of the application failed. See the detail.',
    detail: expect.stringMatching(/^Error: of the application\n {4}at /) as unknown,
  });
});

it.each([
  ['throws', () => new Error('of the logger')],
  ['throws what cannot be shown', () => Object.create(null, { toString: {} }) as unknown],
])('a logger that %s does not affect the hub', async (_, thrown) => {
  const observer = new Observer(() => {
    throw thrown();
  });
  for (const act of [() => observer.log('info', 'x', {}), () => observer.failure('y')]) {
    const warned = warning();
    act();
    expect(await warned).toMatchObject({ name: 'VeloxWarning' });
  }
});

it('a logger that rejects does not affect the hub', async () => {
  const observer = new Observer(() => Promise.reject(new Error('of the logger')) as unknown as void);
  const warned = warning();
  observer.log('info', 'x', {});
  expect(await warned).toMatchObject({ detail: expect.stringContaining('of the logger') as unknown });
});

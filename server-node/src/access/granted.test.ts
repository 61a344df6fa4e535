import { describe, expect, it, vi } from 'vitest';
import { Hub } from '../hub/hub.js';

const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined, token: undefined };
const thenable = (value: unknown): object => ({
  then: (resolve: (value: unknown) => void) => resolve(value),
});

function setUp(answer: unknown) {
  const logger = vi.fn();
  const hub = new Hub({ authorize: () => answer, logger });
  return { admit: async () => hub.admissions.admit(CREDENTIALS), logger };
}

describe('authorize', () => {
  it.each([false, Promise.resolve(false), thenable(false)])(
    'refuses the client by returning false, as by throwing: %o',
    async (answer) => {
      const { admit, logger } = setUp(answer);
      await expect(admit()).rejects.toMatchObject({ code: 'unauthorized' });
      const message = expect.stringContaining('authorize() returned false') as string;
      expect(logger.mock.calls).toEqual([
        [{ level: 'info', event: 'refused', error: expect.objectContaining({ message }) as Error }],
      ]);
    },
  );

  it.each([true, 0, '', { id: 1 }])('admits the client with any other context: %o', async (answer) => {
    const { admit, logger } = setUp(answer);
    expect(await admit()).toMatchObject({ context: answer });
    expect(logger).not.toHaveBeenCalled();
  });

  it.each([undefined, null, Promise.resolve(undefined)])(
    'admits a client without a context, and says so once: %o',
    async (answer) => {
      const { admit, logger } = setUp(answer);
      expect(await admit()).toMatchObject({ context: await answer });
      await admit();
      const advice = expect.stringMatching(
        /^authorize\(\) returned (null|undefined), and the client was admitted\. To refuse a client, throw or return false/,
      ) as string;
      expect(logger.mock.calls).toEqual([[{ level: 'warn', event: 'no context', advice }]]);
    },
  );
});

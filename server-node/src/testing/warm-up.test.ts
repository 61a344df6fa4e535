import { expect, it } from 'vitest';
import { createTestSync } from './create-test-sync.js';

it('createTestSync emits no warning while it loads modules', async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error): void => void warnings.push(message);
  process.on('warning', note);
  await using test = await createTestSync();
  await test.advance();
  process.off('warning', note);
  expect(warnings).toEqual([]);
});

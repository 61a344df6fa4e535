import { expect, it } from 'vitest';
import * as named from './index.js';
import velox from './index.js';

it('the default export has every named export', () => {
  const names = Object.keys(named).filter((name) => name !== 'default');
  expect(names).toContain('handle');
  expect(Object.keys(velox).sort()).toEqual(names.sort());
});

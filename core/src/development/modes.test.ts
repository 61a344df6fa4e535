import { afterEach, describe, expect, it, vi } from 'vitest';
import * as development from './index.js';
import * as production from './production.js';

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

describe('#development', () => {
  it('has the same functions in each mode', async () => {
    const names = Object.keys(development).sort();
    expect(Object.keys(production).sort()).toEqual(names);
    expect(Object.keys(await import('./node.js')).sort()).toEqual(names);
  });

  it.each([
    ['development', true],
    ['test', true],
    ['production', false],
    ['', false],
  ])('in Node with NODE_ENV=%j checks options: %s', async (mode, isChecked) => {
    vi.stubEnv('NODE_ENV', mode);
    const { checkConnect } = await import('./node.js');
    const check = (): void => checkConnect({ transprt: 'sse' });
    if (isChecked) expect(check).toThrow('transport');
    else expect(check).not.toThrow();
  });
});

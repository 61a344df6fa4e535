/** The advice for developers in a bundle of the client: all in development, none in production. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { build, defaultClientConditions, type Rolldown } from 'vite';

/** Texts that only advice for developers has, one for each kind. */
const TEXTS = [
  'Did you mean',
  'fresh object',
  'is shared, and',
  'event streams to',
  'console.warn',
  'Object.freeze',
  'Create a new one.',
  'Send less.',
  'got no reply in',
  'is denied. Check canSubscribe',
  'has no default topic',
];

afterEach(() => vi.unstubAllEnvs());

/** The code that a browser may load, also on need. */
async function bundle(mode: string): Promise<string> {
  vi.stubEnv('NODE_ENV', mode);
  const { output } = (await build({
    configFile: false,
    logLevel: 'error',
    mode,
    resolve: { conditions: ['@velox/source', ...defaultClientConditions] },
    plugins: [
      {
        name: 'entry',
        enforce: 'pre',
        resolveId: (id) => (id === 'virtual:entry' ? '\0entry' : null),
        load: (id) =>
          id === '\0entry' ? `export * from '@velox/core'; export * from '@velox/core/adapter'` : null,
      },
    ],
    build: { write: false, rolldownOptions: { input: 'virtual:entry', preserveEntrySignatures: 'strict' } },
  })) as Rolldown.RolldownOutput;
  return output.map((each) => (each.type === 'chunk' ? each.code : '')).join('\n');
}

const found = (code: string): string[] => TEXTS.filter((text) => code.includes(text));

describe('a bundle of the client', () => {
  it('advises developers in development', async () => {
    expect(found(await bundle('development'))).toEqual(TEXTS);
  });

  it('has nothing of the advice in production', async () => {
    expect(found(await bundle('production'))).toEqual([]);
  });
});

/** The tests of one mutated file, by `VELOX_TESTS`; they run in a copy of the sources. */
import { defineConfig } from 'vitest/config';
import { defaultServerConditions } from 'vite';

const conditions = ['@velox/source', ...defaultServerConditions];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['@velox/source'] } },
  environments: { __vitest__: { resolve: { conditions } } },
  test: {
    include: JSON.parse(process.env.VELOX_TESTS ?? '[]'),
    setupFiles: [
      './test/patience.setup.ts',
      './test/preload.setup.ts',
      './scripts/mutate/fail-fast.setup.mjs',
    ],
    testTimeout: 20_000,
  },
});

import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';
import { playwright } from '@vitest/browser-playwright';
import {
  defaultClientConditions,
  defaultServerConditions,
  isRunnableDevEnvironment,
  type Plugin,
} from 'vite';
import { defineConfig, type ViteUserConfig } from 'vitest/config';
import { veloxMore } from './scripts/velox-js/plugin.mjs';
import { readmePlugin } from './test/readme-plugin.js';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Resolves @velox/* to their sources, so that neither development nor tests need a build first. */
const SOURCE = '@velox/source';

/** Mounts the playground's server in Vite's own, so that `npm run dev` has one port and hot reload. */
function playgroundServer(): Plugin {
  return {
    name: 'velox:playground-server',
    apply: 'serve',
    async configureServer(server) {
      const ssr = server.environments.ssr;
      if (process.env.VITEST || !isRunnableDevEnvironment(ssr)) return;
      const { app } =
        await ssr.runner.import<typeof import('./playground/src/server/app.js')>('/src/server/app.ts');
      server.middlewares.use(app);
    },
  };
}

/**
 * `vite build --mode iife` builds `velox.js` of the classic API, a script with the global `velox`, and `velox-more.js`, which it loads on
 * need. Neither has calls.
 */
const script: ViteUserConfig = {
  plugins: [veloxMore()],
  publicDir: false,
  resolve: {
    alias: [
      { find: /^\.\.\/(?:\.\.\/)?platform\/load\.js$/, replacement: here('./scripts/velox-js/load.mjs') },
    ],
    conditions: [SOURCE, ...defaultClientConditions],
  },
  build: {
    target: 'es2022',
    outDir: here('./core/dist'),
    emptyOutDir: false,
    lib: {
      entry: here('./core/src/classic.ts'),
      name: 'velox',
      formats: ['iife'],
      fileName: () => 'velox.js',
    },
  },
};

const everything: ViteUserConfig = {
  root: process.env.VITEST ? here('.') : here('./playground'),
  plugins: [
    react({ include: /\.[jt]sx$/ }),
    vue(),
    svelte({ configFile: false }),
    playgroundServer(),
    process.env.VITEST ? readmePlugin() : undefined,
  ],
  resolve: { conditions: [SOURCE, ...defaultClientConditions] },
  ssr: { resolve: { conditions: [SOURCE, ...defaultServerConditions], externalConditions: [SOURCE] } },
  // `__vitest__` is where the test runner loads set-ups
  ...(process.env.VITEST && {
    environments: { __vitest__: { resolve: { conditions: [SOURCE, ...defaultServerConditions] } } },
  }),
  build: {
    outDir: here('./playground/dist/client'),
    emptyOutDir: true,
    chunkSizeWarningLimit: 1_100, // Angular comes with its compiler
    rolldownOptions: { input: [here('./playground/index.html'), here('./playground/frameworks.html')] },
  },
  test: {
    reporters: ['default'],
    // Tests of faults mostly wait, side by side.
    maxConcurrency: 40,
    maxWorkers: '100%', // the default leaves one core idle, which is half of two
    // VELOX_RUNS multiplies the cases of the property tests: `npm run proof`.
    testTimeout: process.env.VELOX_RUNS ? 3_600_000 : 60_000,
    expect: { poll: { timeout: 15_000 } }, // a busy machine is slow
    projects: [
      {
        extends: true,
        test: {
          name: 'node',
          environment: 'node',
          include: ['{core,server-node,playground,test}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**', '**/*.dom.test.ts'],
          setupFiles: ['./test/patience.setup.ts', './test/preload.setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'dom',
          environment: 'jsdom',
          include: ['adapters/*/src/**/*.test.{ts,tsx}', 'test/**/*.dom.test.ts'],
          globalSetup: ['./test/sync-server.setup.ts'],
          setupFiles: ['./test/patience.setup.ts', './test/preload.setup.ts', './test/dom.setup.ts'],
        },
      },
      {
        extends: true,
        test: {
          name: 'browser', // what every adapter has to do, in a real one
          include: ['adapters/*/src/**/*contract*.test.{ts,tsx}'],
          globalSetup: ['./test/sync-server.setup.ts'],
          setupFiles: ['./test/patience.setup.ts', './test/preload.setup.ts', './test/dom.setup.ts'],
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: 'chromium' }],
            provider: playwright({
              launchOptions: {
                // Debian's browser: Playwright's own cannot be downloaded everywhere.
                executablePath: process.env.VELOX_CHROMIUM ?? '/usr/bin/chromium',
                args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
              },
            }),
          },
        },
      },
    ],
  },
};

export default defineConfig(({ mode }) => (mode === 'iife' ? script : everything));

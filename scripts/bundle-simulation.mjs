import { mkdtempSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, defaultServerConditions } from 'vite';

/** Bundles a simulation by the name of its folder, `simulation`, `messaging`, `leaks`, `entities` or `nodes`. See `bundleTest`. */
export const bundleSimulation = (name, plugins = []) =>
  bundleTest(`server-node/test/${name}/index.ts`, plugins);

/**
 * Bundles a program of the tests, with the sources of client and server, into a folder of its own.
 *
 * @param entry the path of its entry
 * @param plugins Vite plugins that may alter sources, to plant a bug
 * @returns the path of the bundle's entry
 */
export async function bundleTest(entry, plugins = []) {
  const cache = resolve('node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, 'velox-bundle-'));
  await build({
    configFile: false,
    logLevel: 'error',
    plugins,
    ssr: {
      external: ['ws'],
      noExternal: [/^@velox\//],
      resolve: { conditions: ['@velox/source', ...defaultServerConditions] },
    },
    build: {
      ssr: resolve(entry),
      outDir,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'index.mjs' } },
    },
  });
  return join(outDir, 'index.mjs');
}

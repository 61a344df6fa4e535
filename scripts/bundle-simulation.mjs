import { mkdtempSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build, defaultServerConditions } from 'vite';

/**
 * Bundles the simulation, with the sources of client and server, into a folder of its own.
 *
 * @param plugins Vite plugins that may alter sources, to plant a bug
 * @returns the path of the bundle's entry
 */
export async function bundleSimulation(plugins = []) {
  const cache = resolve('node_modules/.cache');
  await mkdir(cache, { recursive: true });
  const outDir = mkdtempSync(join(cache, 'velox-simulation-'));
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
      ssr: resolve('server-node/test/simulation/index.ts'),
      outDir,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: 'index.mjs' } },
    },
  });
  return join(outDir, 'index.mjs');
}

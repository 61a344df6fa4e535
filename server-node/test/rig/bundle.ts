import { mkdirSync, mkdtempSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { build, defaultServerConditions } from 'vite';

const CACHE = resolve(import.meta.dirname, '../../../node_modules/.cache');

/** Bundles a program with the sources of the packages, for a process of its own. Returns the path of the bundle. */
export async function bundle(program: string, external: readonly string[]): Promise<string> {
  mkdirSync(CACHE, { recursive: true });
  const outDir = mkdtempSync(join(CACHE, 'velox-bundle-'));
  const name = basename(program).replace(/\.ts$/, '.mjs');
  await build({
    configFile: false,
    logLevel: 'error',
    ssr: {
      external: [...external],
      noExternal: [/^@velox\//],
      resolve: { conditions: ['@velox/source', ...defaultServerConditions] },
    },
    build: {
      ssr: program,
      outDir,
      target: 'node20',
      minify: false,
      rolldownOptions: { output: { entryFileNames: name } },
    },
  });
  return join(outDir, name);
}

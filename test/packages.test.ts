import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const PACKAGES = [
  'core',
  'adapters/react',
  'adapters/vue',
  'adapters/svelte',
  'adapters/angular',
  'server-node',
];

interface Manifest {
  readonly name: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly engines: { readonly node: string };
  readonly homepage: string;
  readonly bugs: string;
  readonly repository: { readonly url: string; readonly directory: string };
}

const read = (folder: string): Manifest =>
  JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8')) as Manifest;

describe.each(PACKAGES)('the package in %s', (folder) => {
  const manifest = read(folder);

  it('supports the versions of Node that can require() ES modules', () => {
    expect(manifest.engines.node).toBe('^20.19.0 || >=22.12.0');
    expect(manifest.engines.node).toBe(read('.').engines.node);
  });

  it('is found by its keywords and says where its source, its home and its issues are', () => {
    expect(manifest.keywords).toEqual(expect.arrayContaining(['realtime', 'state', 'sync']));
    expect(manifest.description).not.toBe('');
    const base = manifest.repository.url.replace(/^git\+|\.git$/g, '');
    expect(manifest).toMatchObject({
      homepage: `${base}#readme`,
      bugs: `${base}/issues`,
      repository: { type: 'git', directory: folder },
    });
    expect(base).toBe(read('core').repository.url.replace(/^git\+|\.git$/g, ''));
  });
});

it('the package for React is a client component: server components may import its provider', () => {
  expect(readFileSync(resolve(root, 'adapters/react/src/index.ts'), 'utf8')).toMatch(/^'use client';\n/);
});

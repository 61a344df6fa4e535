import { readdirSync, readFileSync } from 'node:fs';
import { dirname, normalize, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
/** All files of the project, by their path from the root. */
const files = readdirSync(root, { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && !['node_modules', '.git'].includes(entry.name))
  .flatMap(({ name }) =>
    (readdirSync(resolve(root, name), { recursive: true }) as string[]).map((file) => `${name}/${file}`),
  )
  .filter((file) => /\.tsx?$/.test(file) && !/\/(node_modules|dist|\.[^/]+)\//.test(file));
const isTest = (file: string): boolean => /\.test\.tsx?$|\/testing\//.test(file);
const sources = files.filter((file) => /\/src\//.test(file) && !isTest(file));

/** What a file imports: packages by name, own files by their path from the root. */
function importsOf(file: string): string[] {
  const text = readFileSync(resolve(root, file), 'utf8');
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"]*?from\s*['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]/g,
  );
  return [...found].map(([, from, lazy]) => {
    const specifier = (from ?? lazy) as string;
    return specifier.startsWith('.') ? normalize(`${dirname(file)}/${specifier}`) : specifier;
  });
}

const edges = sources.flatMap((file) => importsOf(file).map((to) => ({ file, to })));
const from = (prefix: string) => edges.filter(({ file }) => file.startsWith(prefix));

describe('who may import whom', () => {
  it('reads imports at all', () => {
    expect(from('server-node/src/state.ts').map(({ to }) => to)).toContain('@velox/core/protocol');
  });

  it('core needs no package', () => {
    expect(from('core/').filter(({ to }) => !to.startsWith('core/src/'))).toEqual([]);
  });

  it('only what an application calls knows transports, and the file that is loaded on need; the connection does not', () => {
    const wrong = from('core/src/').filter(
      ({ file, to }) =>
        to.includes('/transports/') &&
        !file.includes('/transports/') &&
        !/\/(connect|index|on-need)\.ts$/.test(file),
    );
    expect(wrong).toEqual([]);
  });

  it('adapters import the public index of the core and their own framework', () => {
    const frameworks: Record<string, RegExp> = {
      react: /^react$/,
      vue: /^vue$/,
      svelte: /^svelte(\/|$)/,
      angular: /^@angular\/core$/,
    };
    const wrong = from('adapters/').filter(({ file, to }) => {
      const adapter = file.split('/')[1] as string;
      const framework = file.endsWith('/angularjs.ts') ? /^angular$/ : frameworks[adapter];
      return !(to === '@velox/core' || framework?.test(to) || to.startsWith(`adapters/${adapter}/`));
    });
    expect(wrong).toEqual([]);
    const known = new Set(from('adapters/').map(({ file }) => file.split('/')[1]));
    expect([...known].sort()).toEqual(Object.keys(frameworks).sort());
  });

  it('adapters depend on the core, and have their framework as a peer', () => {
    const peers: Record<string, string[]> = {
      react: ['react'],
      vue: ['vue'],
      svelte: ['svelte'],
      angular: ['@angular/core', 'angular'],
    };
    for (const [adapter, names] of Object.entries(peers)) {
      const text = readFileSync(resolve(root, `adapters/${adapter}/package.json`), 'utf8');
      const { dependencies, peerDependencies } = JSON.parse(text) as Record<string, Record<string, string>>;
      expect(Object.keys(dependencies ?? {})).toEqual(['@velox/core']);
      expect(Object.keys(peerDependencies ?? {})).toEqual(names);
    }
  });

  it('the server imports only the pure files of the core', () => {
    const wrong = from('server-node/').filter(
      ({ to }) =>
        !(
          to.startsWith('server-node/src/') ||
          to.startsWith('node:') ||
          to === 'ws' ||
          to === '@velox/core/protocol'
        ),
    );
    expect(wrong).toEqual([]);
    const pure = ['protocol', 'patch', 'document', 'error', 'contract', 'decode', 'state-hash'].map(
      (name) => `core/src/${name}.ts`,
    );
    expect(pure.filter((file) => !sources.includes(file))).toEqual([]); // each is there
    const outside = edges.filter(
      ({ file, to }) => pure.includes(file) && !pure.includes(to.replace(/\.js$/, '.ts')),
    );
    expect(outside).toEqual([]);
  });

  it('nothing imports from playground, bench, e2e or examples', () => {
    const wrong = edges.filter(
      ({ file, to }) => /^(playground|bench|e2e|examples)\//.test(to) && !file.startsWith('playground/'),
    );
    expect(wrong).toEqual([]);
  });

  it('files stay small', () => {
    const long = sources.filter((file) => readFileSync(resolve(root, file), 'utf8').split('\n').length > 281);
    expect(long).toEqual([]);
  });

  it('every test belongs to a project of the test runner', () => {
    const projects = [
      /^(core|server-node|playground|test)\/.*\.test\.ts$/,
      /^adapters\/[^/]+\/src\/.*\.test\.tsx?$/,
    ];
    const tests = files.filter((file) => /\.test\.tsx?$/.test(file));
    expect(tests.length).toBeGreaterThan(0);
    expect(tests.filter((file) => !projects.some((project) => project.test(file)))).toEqual([]);
  });
});

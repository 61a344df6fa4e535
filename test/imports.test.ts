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

/** The imports of a file: packages by name, own files by their path from the root. */
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

/** Which folders each folder may import. Root files may import everything; `testing` is not judged. */
const ABOVE_STATE = ['topics', 'state', 'access', 'diagnostics', 'collections'];
const BELOW_HUB = [
  ...ABOVE_STATE,
  'messaging',
  'sessions',
  'views',
  'entities',
  'cluster',
  'wire',
  'recording',
];
const LAYOUT: Record<string, Record<string, readonly string[]>> = {
  'server-node/src/': {
    collections: [],
    recording: [],
    wire: [],
    diagnostics: [],
    cluster: [],
    access: ['diagnostics'],
    state: ['recording', 'diagnostics', 'cluster', 'collections'],
    topics: ['state', 'access', 'wire', 'diagnostics', 'cluster', 'collections'],
    entities: ABOVE_STATE,
    views: ABOVE_STATE,
    sessions: ['topics', 'state', 'access', 'wire', 'diagnostics'],
    messaging: [...ABOVE_STATE, 'sessions', 'wire'],
    hub: BELOW_HUB,
    transports: ['hub', 'sessions', 'access', 'wire'],
    http: ['transports', 'hub', 'sessions', 'access', 'wire'],
    nodes: ['http', 'transports', 'hub', 'sessions', 'messaging', 'access', 'wire', 'cluster', 'diagnostics'],
    backplanes: ['cluster'],
  },
  'core/src/': {
    protocol: [],
    platform: [],
    reactive: ['protocol'],
    replicas: ['reactive', 'platform', 'protocol'],
    connection: ['replicas', 'reactive', 'platform', 'protocol'],
    transports: ['connection', 'platform', 'protocol'],
    events: ['connection', 'replicas', 'reactive', 'platform', 'protocol'],
    connect: ['events', 'transports', 'connection', 'replicas', 'reactive', 'platform', 'protocol'],
    optimistic: ['events', 'replicas', 'protocol'],
    classic: ['connect', 'connection', 'replicas', 'reactive', 'platform', 'protocol'],
    // Every folder calls it by the name `#development`, which is nothing in production; it imports their types.
    development: ['connect', 'events', 'connection', 'replicas', 'protocol'],
  },
};

/** The imports that are made at run time, when their module is needed, and what they load. */
const DYNAMIC = [
  { file: 'core/src/platform/load.ts', to: 'core/src/transports/on-need.js' },
  { file: 'core/src/transports/on-need.ts', to: 'core/src/events/answers.js' },
  { file: 'server-node/src/script.ts', to: 'server-node/src/require-from-here.js' },
  {
    file: 'server-node/src/transports/websocket/ws-classes.ts',
    to: 'server-node/src/transports/websocket/require-ws.js',
  },
];

const edges = sources.flatMap((file) => importsOf(file).map((to) => ({ file, to })));
const from = (prefix: string) => edges.filter(({ file }) => file.startsWith(prefix));

describe('the allowed imports', () => {
  it('finds the imports of a file', () => {
    expect(from('server-node/src/state/local-state.ts').map(({ to }) => to)).toContain(
      '@velox/core/protocol',
    );
  });

  it('each folder imports only the folders that its row allows', () => {
    for (const [base, rows] of Object.entries(LAYOUT)) {
      const folderOf = (path: string): string => /^[^/]+(?=\/)/.exec(path.slice(base.length))?.[0] ?? '';
      const wrong = from(base).filter(({ file, to }) => {
        if (!to.startsWith(base) || DYNAMIC.some((edge) => edge.file === file && edge.to === to))
          return false;
        const folder = folderOf(file);
        return folder !== '' && folder !== folderOf(to) && !rows[folder]?.includes(folderOf(to));
      });
      expect(wrong).toEqual([]);
      const folders = new Set(from(base).map(({ file }) => folderOf(file)));
      expect([...folders].filter((folder) => folder && !(folder in rows))).toEqual([]);
    }
  });

  it('no files import each other in a circle', () => {
    const next = new Map<string, string[]>();
    for (const { file, to } of edges) {
      if (DYNAMIC.some((edge) => edge.file === file && edge.to === to)) continue;
      const target = to.replace(/\.js$/, '.ts');
      if (files.includes(target)) next.set(file, [...(next.get(file) ?? []), target]);
    }
    const done = new Set<string>();
    const circles: string[][] = [];
    const visit = (file: string, path: readonly string[]): void => {
      if (path.includes(file)) return void circles.push([...path.slice(path.indexOf(file)), file]);
      if (done.has(file)) return;
      for (const target of next.get(file) ?? []) visit(target, [...path, file]);
      done.add(file);
    };
    for (const file of next.keys()) visit(file, []);
    expect(circles).toEqual([]);
  });

  it('core needs no package, but immer for optimistic calls', () => {
    const isOwn = (to: string): boolean => to.startsWith('core/src/') || to === '#development';
    const others = from('core/').filter(({ to }) => !isOwn(to));
    expect(
      others.filter(({ file, to }) => !(to === 'immer' && file.startsWith('core/src/optimistic/'))),
    ).toEqual([]);
  });

  it('only the WebSocket transport imports ws', () => {
    const importers = edges.filter(({ to }) => to === 'ws').map(({ file }) => file);
    expect(importers.filter((file) => !file.includes('/transports/websocket/'))).toEqual([]);
  });

  it('adapters import the core, its parts for adapters, and their own framework', () => {
    const frameworks: Record<string, RegExp> = {
      react: /^react$/,
      vue: /^vue$/,
      svelte: /^svelte(\/|$)/,
      angular: /^@angular\/core$/,
    };
    const wrong = from('adapters/').filter(({ file, to }) => {
      const adapter = file.split('/')[1] as string;
      const framework = file.endsWith('/angularjs.ts') ? /^angular$/ : frameworks[adapter];
      const isCore = to === '@velox/core' || to === '@velox/core/adapter';
      return !(isCore || framework?.test(to) || to.startsWith(`adapters/${adapter}/`));
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
  });

  it('nothing imports from playground, bench, e2e or examples', () => {
    const wrong = edges.filter(
      ({ file, to }) => /^(playground|bench|e2e|examples)\//.test(to) && !file.startsWith('playground/'),
    );
    expect(wrong).toEqual([]);
  });

  it('a dynamic import names its module, so that bundlers find it', () => {
    const unnamed = /(?<!typeof )\bimport\((?!\s*['"])/;
    expect(sources.filter((file) => unnamed.test(readFileSync(resolve(root, file), 'utf8')))).toEqual([]);
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

// Checks the min+gzip size of the files that a browser would load. Run after `npm run build`.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const budgets = [
  {
    name: '@velox/react: useVelox with core and WebSocket',
    code: `export { useVelox } from '@velox/react'`,
    limit: 5_600,
  },
  {
    name: '@velox/core: connect, with events, calls, rooms, channels and bytes',
    code: `export { connect } from '@velox/core'`,
    limit: 7_500,
  },
  ...['react', 'vue', 'svelte', 'angular'].map((adapter) => ({
    name: `@velox/${adapter} alone`,
    code: `export * from '@velox/${adapter}'`,
    limit: 1000,
    without: [/^@velox\/core/],
  })),
];

/** Packages that an application has in any case. */
const FRAMEWORKS = [/^react/, 'vue', /^svelte/, /^@angular\//, 'angular'];

/** A helper that this bundler adds where something is loaded on need, once for a whole application: not ours to count. */
const PRELOAD = '\0vite/preload-helper.js';

async function bundle(code, without = []) {
  const [result] = [
    await build({
      configFile: false,
      logLevel: 'error',
      plugins: [
        {
          name: 'entry',
          enforce: 'pre',
          resolveId: (id) => (id === 'virtual:entry' ? '\0entry' : null),
          load: (id) =>
            id === '\0entry' ? code : id === PRELOAD ? 'export const __vitePreload = (load) => load()' : null,
        },
      ],
      build: {
        write: false,
        minify: true,
        rolldownOptions: {
          input: 'virtual:entry',
          preserveEntrySignatures: 'allow-extension',
          external: [...FRAMEWORKS, ...without],
        },
      },
    }),
  ];
  const sizes = new Map(
    result.output.map((chunk) => [chunk.fileName, gzipSync(chunk.code, { level: 9 }).length]),
  );
  const sum = (names) => [...names].reduce((total, name) => total + sizes.get(name), 0);
  // static imports of the first chunk are loaded with it
  const [first] = result.output;
  return {
    first: sum(new Set([first.fileName, ...first.imports.filter((name) => sizes.has(name))])),
    all: sum(sizes.keys()),
  };
}

let over = 0;
function check(name, bytes, limit) {
  const isOver = !(bytes <= limit); // a limit that is not found is NaN
  if (isOver) over++;
  console.log(`${isOver ? 'OVER' : 'ok  '}  ${name}: ${bytes} of ${limit} B gzip`);
}
for (const { name, code, limit, without } of budgets) check(name, (await bundle(code, without)).first, limit);
/** All but what keeps an object like a value in place, which AngularJS and velox.js alone use. */
const whole = 'connect, createConnection, isVeloxError, polling, shared, sse, websocket';
const parts =
  'createKeep, createKeptOptions, createSelection, createSelector, entityOf, initialOf, ownInitial, refusal, replicaOf, sourceWith, syncOf, untilKnown';
const everything = `export { ${whole} } from '@velox/core'; export { ${parts} } from '@velox/core/adapter'`;
check(
  'the whole client, with what is loaded on need',
  (await bundle(everything)).all,
  14_900, // 9400 was the aim: see DECISIONS.md
);
const alone = (await bundle(`export { connect } from '@velox/core'`)).first;
const both = `export { connect } from '@velox/core'; export { version2 } from '@velox/core/version2'`;
check('@velox/core/version2, on top of connect', (await bundle(both)).first - alone, 1200);
const sizeOf = (file) => gzipSync(readFileSync(`core/dist/${file}`), { level: 9 }).length;
check('velox.js, at first load', sizeOf('velox.js'), 9_000);
check('velox-more.js, which it loads on need', sizeOf('velox-more.js'), 5_850);

// Checks the sizes that README.md states, to 50 B.
const readme = readFileSync('README.md', 'utf8');
const loads = async (code) => {
  const { first, all } = await bundle(code);
  return [first, all - first];
};
for (const [row, measured] of [
  ['`useVelox` with core and WebSocket', await loads(`export { useVelox } from '@velox/react'`)],
  ['`connect` with events, calls and rooms', await loads(`export { connect } from '@velox/core'`)],
  ['everything of `@velox/core` for adapters', await loads(everything)],
  ['`velox.js`', [sizeOf('velox.js'), sizeOf('velox-more.js')]],
]) {
  const [, ...shown] = readme.split(`| ${row} |`)[1]?.match(/^ ([\d.]+) kB \| ([\d.]+) kB \|/) ?? [];
  check(`README: ${row}, at first load`, measured[0], Number(shown[0]) * 1_000 + 50);
  check(`README: ${row}, on need`, measured[1], Number(shown[1]) * 1_000 + 50);
}
process.exitCode = over ? 1 : 0;

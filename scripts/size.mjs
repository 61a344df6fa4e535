// Checks the min+gzip size of what a browser would load. Run after `npm run build`.
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

const budgets = [
  {
    name: '@velox/core: connect (WebSocket and SSE)',
    code: `export { connect } from '@velox/core'`,
    limit: 5000,
  },
  {
    name: '@velox/react: useVelox with core, WebSocket and SSE',
    code: `export { useVelox } from '@velox/react'`,
    limit: 5000,
  },
  { name: '@velox/react alone', code: `export * from '@velox/react'`, limit: 1000, without: ['@velox/core'] },
];

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
          load: (id) => (id === '\0entry' ? code : null),
        },
      ],
      build: {
        write: false,
        minify: true,
        rolldownOptions: {
          input: 'virtual:entry',
          preserveEntrySignatures: 'strict',
          external: [/^react/, ...without],
        },
      },
    }),
  ];
  return gzipSync(result.output[0].code, { level: 9 }).length;
}

let over = 0;
for (const { name, code, limit, without } of budgets) {
  const bytes = await bundle(code, without);
  if (bytes > limit) over++;
  console.log(`${bytes > limit ? 'OVER' : 'ok  '}  ${name}: ${bytes} of ${limit} B gzip`);
}
process.exitCode = over ? 1 : 0;

const REACT = ['core', 'server-node', 'adapters/react'];
const EACH = [...REACT, 'adapters/vue', 'adapters/svelte', 'adapters/angular'];
const BABEL = ['@babel/core@7', '@babel/preset-env@7', 'babel-jest@30'];

/** Bundles for Node and for browsers with one bundler, and runs both bundles. */
const bundler = (name, packages, { node = [], browser = [], client = 'client.out.js' }, isShort = false) => ({
  name,
  packages,
  isShort,
  commands: [...node, ...browser.flatMap((command) => [command, `node run-client.cjs ${client}`])],
});
const typescript = (version, resolutions) =>
  resolutions.map((resolution) => ({
    name: `typescript ${version} ${resolution}`,
    packages: [`typescript-${version}@npm:typescript@${version}`],
    commands: [`node check-types.mjs typescript-${version} ${resolution}`],
  }));
const framework = (name, folder, packages, args = '') => ({
  folders: ['core', 'server-node', `adapters/${folder}`],
  packages: [...packages, 'jsdom@26', 'ws@8'],
  uses: [{ name, commands: [`node ${args}framework-${folder}.mjs`] }],
});

/**
 * Groups of uses that share one installation: our packages, packages of the registry, and for each use its name, packages of its own and
 * commands. Short ones run in `npm test`.
 */
export const consumers = [
  {
    folders: REACT,
    packages: ['react@19', 'react-dom@19', 'ws@8'],
    uses: [
      bundler(
        'esbuild',
        ['esbuild@0.28'],
        {
          node: [
            'esbuild server-app.mjs --bundle --platform=node --format=esm --outfile=esm.mjs --log-level=error --banner:js=import{createRequire/**/as/**/requireOf}from"node:module";const/**/require=requireOf(import.meta.url);',
            'node esm.mjs',
            'esbuild server-app.mjs --bundle --platform=node --format=cjs --outfile=cjs.cjs --log-level=error',
            'node cjs.cjs',
          ],
          browser: [
            'esbuild client-app.mjs --bundle --minify --format=iife --outfile=client.out.js --log-level=error',
          ],
        },
        true,
      ),
      {
        name: 'jest 30 node',
        packages: ['jest@30', ...BABEL],
        isShort: true,
        commands: ['jest --config jest.config.json --env node hub.test.js'],
      },
      {
        name: 'jest 30 jsdom',
        packages: ['jest@30', 'jest-environment-jsdom@30', 'jest-fixed-jsdom', ...BABEL],
        commands: ['jest --config jest.config.json --env jest-fixed-jsdom view.test.js'],
      },
      {
        name: 'vitest node',
        packages: ['vitest@4'],
        commands: ['vitest run --globals hub.test.js'],
      },
      {
        name: 'vitest jsdom',
        packages: ['vitest@4', 'jsdom@26'],
        commands: ['vitest run --globals --environment jsdom view.test.js'],
      },
      bundler('webpack 5', ['webpack@5'], {
        node: ['node bundle.mjs webpack node', 'node server.out.cjs'],
        browser: ['node bundle.mjs webpack browser'],
      }),
      bundler('rspack', ['@rspack/core@2'], {
        node: ['node bundle.mjs rspack node', 'node server.out.cjs'],
        browser: ['node bundle.mjs rspack browser'],
      }),
      bundler(
        'rollup',
        ['rollup@4', '@rollup/plugin-node-resolve', '@rollup/plugin-commonjs', '@rollup/plugin-replace'],
        {
          node: ['node bundle.mjs rollup node', 'node server.out.mjs'],
          browser: ['node bundle.mjs rollup browser'],
        },
      ),
      bundler('vite', ['vite@8'], {
        node: ['node bundle.mjs vite node', 'node out/server.out.mjs'],
        browser: ['node bundle.mjs vite browser'],
        client: 'out/client.out.js',
      }),
      { name: 'react native', commands: ['node react-native.mjs'] },
      { name: 'web worker', commands: ['node web-worker.mjs'] },
    ],
  },
  {
    folders: EACH,
    packages: [
      'react@19',
      '@types/react@19',
      '@types/node@20',
      'vue@3',
      'svelte@5',
      '@angular/core@21',
      'rxjs@7',
      '@types/ws@8',
    ],
    uses: [
      ...typescript('5.4', ['node16']),
      ...typescript('6', ['bundler', 'nodenext']),
      ...typescript('7', ['bundler', 'nodenext']),
    ],
  },
  framework('react 18.2', 'react', ['react@18.2', 'react-dom@18.2']),
  framework('react 19', 'react', ['react@19', 'react-dom@19']),
  framework('vue 3.4', 'vue', ['vue@3.4']),
  framework('svelte 5.7', 'svelte', ['svelte@5.7'], '--conditions=browser '),
  framework(
    'angular 19',
    'angular',
    ['core', 'common', 'compiler', 'platform-browser'].map((name) => `@angular/${name}@19`).concat('rxjs@7'),
    '--conditions=browser ',
  ),
];

// `bundle.mjs <bundler> <node or browser>`: bundles server-app.mjs or client-app.mjs. A warning fails.
import { resolve } from 'node:path';

const [, , name, target] = process.argv;
const isNode = target === 'node';
const entry = resolve(isNode ? 'server-app.mjs' : 'client-app.mjs');

/** webpack and Rspack have one interface. */
async function packWith(pack) {
  const compiler = pack({
    mode: 'production',
    target: isNode ? 'node20' : 'web',
    entry,
    output: { path: resolve('.'), filename: isNode ? 'server.out.cjs' : 'client.out.js', asyncChunks: false },
    performance: { hints: false },
    externals: isNode
      ? { bufferutil: 'commonjs bufferutil', 'utf-8-validate': 'commonjs utf-8-validate' }
      : {},
  });
  const stats = await new Promise((done, fail) =>
    compiler.run((error, result) => (error ? fail(error) : done(result))),
  );
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  return [...errors, ...warnings].map(({ message, moduleName }) => `${moduleName}: ${message}`);
}

const BUNDLERS = {
  webpack: async () => packWith((await import('webpack')).default),
  rspack: async () => packWith((await import('@rspack/core')).rspack),
  async rollup() {
    const { rollup } = await import('rollup');
    const [nodeResolve, commonjs, replace] = await Promise.all(
      ['node-resolve', 'commonjs', 'replace'].map(
        async (each) => (await import(`@rollup/plugin-${each}`)).default,
      ),
    );
    const warnings = [];
    const bundle = await rollup({
      input: entry,
      external: isNode ? [/^node:/, 'ws', 'bufferutil', 'utf-8-validate'] : [],
      plugins: [
        replace({ preventAssignment: true, values: { 'process.env.NODE_ENV': '"production"' } }),
        nodeResolve({ browser: !isNode, preferBuiltins: isNode, exportConditions: isNode ? ['node'] : [] }),
        commonjs(),
      ],
      onwarn: ({ message, code }) => code !== 'MODULE_LEVEL_DIRECTIVE' && warnings.push(message),
    });
    await bundle.write({
      file: isNode ? 'server.out.mjs' : 'client.out.js',
      format: isNode ? 'es' : 'iife',
      name: 'client',
      inlineDynamicImports: true,
    });
    return warnings;
  },
  async vite() {
    const { build } = await import('vite');
    const warnings = [];
    await build({
      configFile: false,
      logLevel: 'warn',
      customLogger: undefined,
      ...(isNode && { ssr: { noExternal: true, external: ['ws'] } }),
      build: {
        ...(isNode
          ? { ssr: entry }
          : { lib: { entry, name: 'client', formats: ['iife'], fileName: () => 'client.out.js' } }),
        outDir: 'out',
        emptyOutDir: false,
        rolldownOptions: {
          ...(isNode && { output: { entryFileNames: 'server.out.mjs' } }),
          onwarn: ({ message, code }) => code !== 'MODULE_LEVEL_DIRECTIVE' && warnings.push(message),
        },
      },
      define: { 'process.env.NODE_ENV': '"production"' },
    });
    return warnings;
  },
};

const complaints = await BUNDLERS[name]();
if (complaints.length > 0) console.error(complaints.join('\n'));
process.exitCode = complaints.length > 0 ? 1 : 0;

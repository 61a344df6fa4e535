import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const NAME = 'velox-more.js';

/** Builds `velox-more.js` beside `velox.js`, and tells velox.js its path and id. */
export function veloxMore() {
  let id;
  return {
    name: 'velox:more',
    async buildStart() {
      const { resolve, build: options } = this.environment.config;
      const { output } = await build({
        configFile: false,
        logLevel: 'error',
        publicDir: false,
        resolve: { conditions: resolve.conditions },
        build: {
          write: false,
          target: options.target,
          rolldownOptions: {
            input: fileURLToPath(new URL('./more.mjs', import.meta.url)),
            preserveEntrySignatures: 'strict',
          },
        },
      });
      const { code } = output[0];
      id = createHash('sha256').update(code).digest('base64url').slice(0, 12);
      this.emitFile({
        type: 'asset',
        fileName: NAME,
        source: `${code.trim()}\nexport const id="${id}";\n`,
      });
    },
    resolveId: (name) => (name === 'virtual:velox-more' ? '\0velox-more' : null),
    load: (name) =>
      name === '\0velox-more' ? `export const id = '${id}'; export const path = './${NAME}?${id}'` : null,
  };
}

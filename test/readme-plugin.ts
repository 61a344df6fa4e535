import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import type { Plugin } from 'vite';

const root = resolve(import.meta.dirname, '..');
/** Where the files of the README would lie. */
const folder = resolve(root, 'test/readme');

/** The code blocks of the README that a line with a file name introduces, by that name. */
export function readmeFiles(): Map<string, string> {
  const readme = readFileSync(resolve(root, 'README.md'), 'utf8');
  const blocks = readme.matchAll(/^`([\w-]+\.\w+)`[^\n]*:\n\n```\w+\n([\s\S]*?)\n```$/gm);
  return new Map([...blocks].map(([, name, code]) => [name as string, code as string]));
}

/** Lets tests import what the README shows, as if it were files: `import { Prices } from 'readme:Prices.jsx'`. */
export function readmePlugin(): Plugin {
  return {
    name: 'velox:readme',
    enforce: 'pre',
    resolveId: (id) => (id.startsWith('readme:') ? `${folder}/${id.slice('readme:'.length)}` : null),
    load(id) {
      if (!id.startsWith(`${folder}/`) || id.includes('?')) return null;
      const name = id.slice(folder.length + 1);
      const code = readmeFiles().get(name);
      if (code === undefined) throw new Error(`README.md has no code block ${name}`);
      if (name.endsWith('.html')) return `export default ${JSON.stringify(code)}`;
      if (!name.endsWith('.ts')) return code;
      const { ES2022: target } = ts.ScriptTarget;
      const { ESNext: module } = ts.ModuleKind;
      return ts.transpile(code, { target, module, experimentalDecorators: true }); // Angular's dialect
    },
  };
}

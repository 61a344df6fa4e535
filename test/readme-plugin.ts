import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import type { Plugin } from 'vite';

const root = resolve(import.meta.dirname, '..');
/** The folder in which the files of the documents would lie. */
const folder = resolve(root, 'test/readme');

/** The named code blocks of README.md and docs/: a line with a file name introduces each. */
export function readmeFiles(): Map<string, string> {
  const docs = readdirSync(resolve(root, 'docs')).filter((name) => name.endsWith('.md'));
  const pages = ['README.md', ...docs.map((name) => `docs/${name}`)];
  const text = pages.map((page) => readFileSync(resolve(root, page), 'utf8')).join('\n');
  const blocks = text.matchAll(/^`([\w-]+\.\w+)`[^\n]*:\n\n```\w+\n([\s\S]*?)\n```$/gm);
  return new Map([...blocks].map(([, name, code]) => [name as string, code as string]));
}

/** Lets tests import the named code blocks of the documents: `import { Prices } from 'readme:Prices.jsx'`. */
export function readmePlugin(): Plugin {
  return {
    name: 'velox:readme',
    enforce: 'pre',
    resolveId: (id) => (id.startsWith('readme:') ? `${folder}/${id.slice('readme:'.length)}` : null),
    load(id) {
      if (!id.startsWith(`${folder}/`) || id.includes('?')) return null;
      const name = id.slice(folder.length + 1);
      const code = readmeFiles().get(name);
      if (code === undefined) throw new Error(`no document has a code block ${name}`);
      if (name.endsWith('.html')) return `export default ${JSON.stringify(code)}`;
      if (!name.endsWith('.ts')) return code;
      const { ES2022: target } = ts.ScriptTarget;
      const { ESNext: module } = ts.ModuleKind;
      return ts.transpile(code, { target, module, experimentalDecorators: true }); // Angular's dialect
    },
  };
}

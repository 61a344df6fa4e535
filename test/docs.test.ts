/** Every code block in TypeScript or JavaScript that the documents show type-checks against the sources. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const pages = [
  'README.md',
  ...readdirSync(resolve(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
  ...['core', 'server-node', 'adapters/react', 'adapters/vue', 'adapters/svelte', 'adapters/angular'].map(
    (folder) => `${folder}/README.md`,
  ),
];
/** Languages that are checked elsewhere (components run in readme.dom.test.ts), or are not code. */
const OTHER = ['sh', 'html', 'vue', 'svelte', 'nginx', 'sql', 'json', ''];

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly code: string;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(resolve(root, page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    page,
    line: text.slice(0, match.index).split('\n').length + 1,
    language: match[1] as string,
    code: match[2] as string,
  }));
}

const blocks = pages.flatMap(blocksOf);
/** The folder in which the blocks would lie. */
const VIRTUAL = resolve(root, 'test/documents');
/** By the path of the virtual file that holds the block. */
const files = new Map(
  blocks
    .filter(({ language }) => !OTHER.includes(language))
    .map((block) => {
      const extension = block.language === 'ts' ? 'ts' : block.language.startsWith('t') ? 'tsx' : 'jsx';
      const name = `${block.page.replaceAll('/', '-')}-${block.line}.${extension}`;
      return [resolve(VIRTUAL, name), block];
    }),
);
/** A module that examples of applications import. */
const BOARD = resolve(VIRTUAL, 'board.ts');
files.set(BOARD, {
  page: 'board.ts',
  line: 1,
  language: 'ts',
  code: 'export type Board = { rows: { id: number; price: number }[] };',
});

/** Errors of a component in JavaScript that an author would see: its props have no types. */
const UNTYPED_PROPS = [2322, 2339];

function diagnose(): readonly ts.Diagnostic[] {
  const { config } = ts.readConfigFile(resolve(root, 'tsconfig.check.json'), (path) =>
    ts.sys.readFile(path),
  ) as { config: Record<string, unknown> };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const checked: ts.CompilerOptions = {
    ...options,
    checkJs: true,
    experimentalDecorators: true,
    noImplicitAny: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noUncheckedIndexedAccess: false,
  };
  const host = ts.createCompilerHost(checked);
  const sourceOf = host.getSourceFile.bind(host);
  host.fileExists = (path) => files.has(resolve(path)) || ts.sys.fileExists(path);
  host.directoryExists = (path) => resolve(path) === VIRTUAL || ts.sys.directoryExists(path);
  host.getSourceFile = (path, languageVersion) => {
    const block = files.get(resolve(path));
    // `export {}` makes each block a module of its own
    return block
      ? ts.createSourceFile(path, `${block.code}\nexport {};`, languageVersion)
      : sourceOf(path, languageVersion);
  };
  const ambient = [resolve(root, 'test/documents.d.ts'), resolve(root, 'test/readme.d.ts')];
  const program = ts.createProgram([...files.keys(), ...ambient], checked, host);
  return [...files.keys()].flatMap((path) => {
    const source = program.getSourceFile(path);
    if (!source) return [];
    const found = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
    return path.endsWith('.jsx') ? found.filter(({ code }) => !UNTYPED_PROPS.includes(code)) : found;
  });
}

describe('the code blocks of the documents', () => {
  it('are in a language that a test knows', () => {
    expect(files.size).toBeGreaterThan(20);
    const known = new Set([...OTHER, 'ts', 'tsx', 'js', 'jsx']);
    expect(blocks.filter(({ language }) => !known.has(language))).toEqual([]);
  });

  it('type-check', { timeout: 300_000 }, () => {
    const errors = diagnose().map(({ file, start = 0, messageText }) => {
      const block = file && files.get(resolve(file.fileName));
      const line = (block?.line ?? 0) + (file?.getLineAndCharacterOfPosition(start).line ?? 0);
      return `${block?.page}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    expect(errors).toEqual([]);
  });
});

describe('the links of the documents', () => {
  const documents = [
    ...pages,
    'PROTOCOL.md',
    'SECURITY.md',
    'DECISIONS.md',
    'CONTRIBUTING.md',
    'CHANGELOG.md',
  ];
  const slug = (heading: string): string =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\- ]/gu, '')
      .replaceAll(' ', '-');

  it.each(documents)('lead from %s to files and headings that exist', (page) => {
    const text = readFileSync(resolve(root, page), 'utf8').replace(/^```[\s\S]*?^```$|`[^`\n]*`/gm, '');
    for (const [, target] of text.matchAll(/\]\((?!https?:)([^)]+)\)/g)) {
      const [path = '', anchor] = (target as string).split('#');
      const file = path ? resolve(root, page, '..', path) : resolve(root, page);
      if (!anchor)
        expect(ts.sys.fileExists(file) || ts.sys.directoryExists(file), `${page}: ${target}`).toBe(true);
      else {
        const headings = [...readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) =>
          slug(match[1] as string),
        );
        expect(headings, `${page}: ${target}`).toContain(anchor);
      }
    }
  });
});

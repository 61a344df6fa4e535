import { describe, expect, it } from 'vitest';
import { findingsIn, textsOf, wordsIn } from '../scripts/prose/report.mjs';

interface Finding {
  readonly kind: string;
  readonly name: string;
  readonly line: number;
}

const findings = (path: string, source: string): Finding[] =>
  textsOf(path, source).flatMap((text) => findingsIn(text) as Finding[]);
const habitsOf = (sentence: string): string[] => findings('a.md', sentence).map(({ name }) => name);

const OF = 'fronted "Of"';
const WHERE = '"where" as a condition';
const NOUN = '"who/whoever/what" as a noun';

describe('the habits of style', () => {
  it.each([
    [OF, 'Of one session, one token is looked at.'],
    [OF, 'Tokens are checked: of several the newest is the next.'],
    [WHERE, 'Where it is full, one that is away makes room.'],
    [WHERE, 'Compressed by itself where that is shorter.'],
    [WHERE, 'The value is undefined where there is none.'],
    [NOUN, 'What is on its way is forgotten.'],
    [NOUN, 'Whoever is being let in is not read.'],
    [NOUN, 'It keeps what was sent.'],
    [NOUN, 'Those who wait get it.'],
    [NOUN, 'The link ends, and who has it starts again.'],
    ['"but for"', 'It is the same, but for the id.'],
    ['"nobody/somebody"', 'It is kept while somebody reads it.'],
    ['"nobody/somebody"', 'Nobody reads it.'],
  ])('finds %s in: %s', (name, sentence) => expect(habitsOf(sentence)).toEqual([name]));

  it.each([
    'Of course, the value is kept.',
    'The client asks what the server has.',
    'An error says what happened.',
    'What does the server do?',
    'Where is the position kept?',
    'The line where the topic starts is kept.',
    'In the folder where it stands, nothing else matches.',
    'Clients who wait get the value.',
    'It decides who is authorized.',
    'The position of the topic is known.',
    'Deltas are small, but for each client there is one.',
    'It works for `what is` and `nobody`.',
  ])('finds nothing in: %s', (sentence) => expect(habitsOf(sentence)).toEqual([]));
});

describe('the texts of a file', () => {
  it('a document has no code, and each table cell is one text', () => {
    const source =
      '# Title\n\nnobody\nsomebody\n\n```ts\nnobody\n```\n\n    nobody\n\n| a | nobody |\n| - | - |\n| `nobody` | b |\n';
    expect(findings('a.md', source).map(({ line }) => line)).toEqual([3, 4, 12]);
  });

  it('a source has comments, joined over lines, and no strings', () => {
    const source = [
      'const text = "nobody"; // what',
      '// is sent',
      'const regex = /\\/\\/ nobody/; /* for nobody */',
      '/**',
      ' * Sends it but',
      ' * for the id.',
      ' *',
      ' * @example nobody',
      ' * @param nobody the id',
      ' */',
      'export const template = `// nobody ${1 /* nobody */}`;',
    ].join('\n');
    expect(findings('a.ts', source)).toMatchObject([
      { line: 1, kind: 'comment', name: NOUN },
      { line: 3, name: '"nobody/somebody"' },
      { line: 5, name: '"but for"' },
      { line: 11, name: '"nobody/somebody"' },
    ]);
  });

  it('a test has titles, also of tables and templates, and a placeholder is no word of the title', () => {
    const source = [
      `describe('a link that nobody reads', () => {`,
      `  it.each([1])('$nobody is sent', () => {});`,
      '  it(`gives ${nobody} what is sent`, () => expect("nobody").toBe(1));',
      `});`,
    ].join('\n');
    expect(findings('a.test.ts', source)).toMatchObject([
      { kind: 'title', line: 1 },
      { kind: 'title', line: 3, name: NOUN },
    ]);
    expect(findings('a.ts', source)).toEqual([]);
  });

  it('a component of Vue or Svelte has the comments of its scripts, at their lines', () => {
    const source =
      '<template>nobody</template>\n\n<script setup lang="ts">\n// nobody\nconst a = 1;\n</script>\n';
    expect(findings('a.vue', source)).toMatchObject([{ line: 4, kind: 'comment' }]);
  });

  it('words are counted without code and marks', () => {
    const [text] = textsOf('a.md', 'One *two* — `three four`: [five](six.md).');
    expect(wordsIn(text)).toBe(4);
  });
});

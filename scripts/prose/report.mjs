import { HABITS } from './habits.mjs';
import { textsOfMarkdown, textsOfSource } from './texts.mjs';

const TESTS = /\.(?:test|e2e)\.tsx?$|-contract\.tsx?$/;
const SCRIPT = /<script\b[^>]*>([\s\S]*?)<\/script>/g;

/** Returns the paragraphs, comments or test titles of a file, by its name. */
export function textsOf(path, source) {
  if (path.endsWith('.md')) return textsOfMarkdown(source);
  if (!/\.(?:vue|svelte)$/.test(path)) return textsOfSource(source, TESTS.test(path));
  return [...source.matchAll(SCRIPT)].flatMap((match) => {
    const start = match.index + match[0].indexOf('>') + 1;
    return textsOfSource(match[1], false, source.slice(0, start).split('\n').length);
  });
}

/** Returns the habits in a paragraph: their name, line and sentence. */
export function findingsIn({ kind, lines }) {
  const text = lines.map((line) => line.text).join(' ');
  const findings = [];
  let start = 0;
  for (const sentence of text.split(/(?<=[.!?]["')]*) +/)) {
    for (const { name, find } of HABITS) {
      for (const offset of find(sentence))
        findings.push({ kind, name, line: lineAt(lines, start + offset), sentence });
    }
    start += sentence.length + 1;
  }
  return findings;
}

/** How many words a paragraph has. */
export function wordsIn({ lines }) {
  return lines.reduce((sum, { text }) => sum + (text.match(/[\p{L}\d][\p{L}\d'’-]*/gu)?.length ?? 0), 0);
}

function lineAt(lines, offset) {
  let end = 0;
  for (const { line, text } of lines) {
    end += text.length + 1;
    if (offset < end) return line;
  }
  return lines.at(-1).line;
}

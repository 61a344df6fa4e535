import ts from 'typescript';

/**
 * A paragraph of a file: its kind (`comment`, `document`, `title`) and its lines, so that an offset leads back to a line.
 *
 * @typedef {{ kind: string, lines: { line: number, text: string }[] }} Text
 */

/** Returns the paragraphs of a Markdown file, without code. */
export function textsOfMarkdown(source) {
  const texts = [];
  let lines = [];
  let isCode = false;
  const end = () => {
    if (lines.length > 0) texts.push({ kind: 'document', lines });
    lines = [];
  };
  for (const [at, raw] of source.split('\n').entries()) {
    if (/^\s*(```|~~~)/.test(raw)) isCode = !isCode;
    const isIndented = /^(?: {4}|\t)/.test(raw) && lines.length === 0;
    if (isCode || isIndented || /^\s*(```|~~~|$|\|?[\s:|-]+\|$)/.test(raw)) {
      end();
      continue;
    }
    if (/^\s*(?:[-*] |\d+\. |#|>|\|)/.test(raw)) end();
    const cells = /^\s*\|/.test(raw) ? raw.split(/(?<!\\)\|/) : [raw];
    for (const cell of cells) {
      const text = plain(cell.replace(/^\s*(?:[-*] |\d+\. |#+ |> ?)/, ''));
      if (text) lines.push({ line: at + 1, text });
      if (cells.length > 1) end();
    }
    if (/^\s*#/.test(raw)) end();
  }
  end();
  return texts;
}

/** Returns the comments of a source, and the titles of its tests if `hasTitles`. */
export function textsOfSource(source, hasTitles, firstLine = 1) {
  const file = ts.createSourceFile('x.tsx', source, ts.ScriptTarget.Latest, true, ts.ScriptKind.TSX);
  const lineOf = (at) => file.getLineAndCharacterOfPosition(at).line + firstLine;
  const comments = new Map();
  const titles = [];
  const visit = (node) => {
    if (node.kind !== ts.SyntaxKind.JsxText) {
      const ranges = [
        ...(ts.getLeadingCommentRanges(source, node.getFullStart()) ?? []),
        ...(ts.getTrailingCommentRanges(source, node.end) ?? []),
      ];
      for (const range of ranges) comments.set(range.pos, range);
    }
    if (
      hasTitles &&
      ts.isCallExpression(node) &&
      /^(?:it|test|describe)\b/.test(node.expression.getText(file))
    ) {
      const [title] = node.arguments;
      const isText = title && (ts.isStringLiteralLike(title) || ts.isTemplateExpression(title));
      if (isText) {
        const text = plain(
          title
            .getText(file)
            .slice(1, -1)
            .replaceAll(/\$\{[^}]*\}|[$%][\w.]+/g, 'code'),
        );
        titles.push({ kind: 'title', lines: [{ line: lineOf(title.getStart(file)), text }] });
      }
    }
    node.getChildren(file).forEach(visit);
  };
  visit(file);
  const ranges = [...comments.values()].sort((a, b) => a.pos - b.pos);
  return [...commentTexts(source, ranges, lineOf), ...titles];
}

function commentTexts(source, ranges, lineOf) {
  const texts = [];
  let lines = [];
  let isExample = false;
  const end = () => {
    if (lines.length > 0) texts.push({ kind: 'comment', lines });
    lines = [];
  };
  let former;
  for (const { pos, end: to } of ranges) {
    const isNext =
      former !== undefined && /^\n?[ \t]*$/.test(source.slice(former, pos)) && source.startsWith('//', pos);
    if (!isNext) end();
    isExample &&= isNext;
    former = to;
    for (const [at, raw] of source.slice(pos, to).split('\n').entries()) {
      let text = raw.replace(/^\s*(?:\/\*+|\/\/+|\*(?!\/))?\s?/, '').replace(/\s*\*\/$/, '');
      if (/^\s*(?:eslint|prettier|@ts-|@vitest|#region|#endregion)/.test(text)) continue;
      const tag = /^\s*@(\w+)\s*/.exec(text);
      if (tag) {
        end();
        isExample = tag[1] === 'example';
        text = text.slice(tag[0].length);
        if (tag[1] === 'param') text = text.replace(/^\S+\s*(?:- )?/, '');
      }
      if (/^\s*[-*] /.test(text)) end();
      text = isExample ? '' : plain(text.replace(/^\s*[-*] /, ''));
      if (text) lines.push({ line: lineOf(pos) + at, text });
      else end();
    }
  }
  end();
  return texts;
}

/** Leaves the words: code becomes the word "code", a link its text. */
function plain(text) {
  return text
    .replaceAll(/`[^`]*`/g, 'code')
    .replaceAll(/\{@link (\S+?)\}/g, 'code')
    .replaceAll(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replaceAll(/https?:\/\/\S+/g, 'code')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/[*_]{1,2}(?=\w)|(?<=[\w.!?:])[*_]{1,2}/g, '')
    .trim();
}

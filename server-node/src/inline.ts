import { VeloxError } from '@velox/core/protocol';

/**
 * Returns a value as an expression for a `<script>` of a page. The text cannot end the script, and the browser reads it
 * as JSON, in which `__proto__` is an ordinary key. `undefined` stays `undefined`.
 *
 * @param value a JSON value, for example a state's `snapshot()`
 * @example `<script>window.initial = ${velox.inline(board.snapshot())}</script>`
 * @throws VeloxError `not-json` for a function or a symbol.
 * @see https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
 */
export function inline(value: unknown): string {
  if (value === undefined) return 'undefined';
  const json = JSON.stringify(value) as string | undefined;
  if (json === undefined) {
    throw new VeloxError(
      'not-json',
      `inline() got a ${typeof value}. Pass a JSON value, for example a snapshot.`,
    );
  }
  const text = JSON.stringify(json).replace(
    /[<\u2028\u2029]/g, // the latter two were line ends within strings before ES2019
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `JSON.parse(${text})`;
}

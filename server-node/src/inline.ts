/**
 * A value as an expression that may stand in a `<script>` of a page: nothing in it ends the script, or is read as anything but JSON (as
 * an object literal's `__proto__` would be).
 *
 * @param value what JSON holds, a state's `snapshot()` for instance
 * @example `<script>window.initial = ${velox.inline(board.snapshot())}</script>`
 * @see https://html.spec.whatwg.org/multipage/scripting.html#restrictions-for-contents-of-script-elements
 */
export function inline(value: unknown): string {
  const text = JSON.stringify(JSON.stringify(value)).replace(
    /[<\u2028\u2029]/g, // the latter two were line ends within strings before ES2019
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `JSON.parse(${text})`;
}

/**
 * Changes that no test can notice, by the end of the file's path, the text that is changed, and its replacements.
 */
export const EQUIVALENT = [
  // Wide objects are copied faster, and to the same result.
  { file: 'protocol/patch.ts', original: 'keys.length < 128', replacements: ['true'] },
  // The loop runs only while the ring has a patch; the operator is for the type.
  {
    file: 'state/history.ts',
    original: 'this.#patches.shift()?.length',
    replacements: ['this.#patches.shift().length'],
  },
  // One patch without its brackets, put into brackets, is the same text.
  { file: 'state/history.ts', original: 'missing === 1', replacements: ['false'] },
];

/** What `velox.js` has in place of `protocol/first-frame.ts`: the check of all frames is there, so nothing runs this. */
export const isFirstFrame = undefined;

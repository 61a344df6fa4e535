/** What `velox.js` has in place of `events/answers.ts`: it has no `answer`, so nothing runs this. */
export const replyTo = undefined;

/**
 * Changes that no test can notice, by the end of the file's path, the text that is changed, and its replacements. If the same text on
 * another line has to be tested, `line` is a part of the line that is meant.
 */
export const EQUIVALENT = [
  // Wide objects are copied faster, and to the same result.
  { file: 'protocol/patch.ts', original: 'keys.length < 128', replacements: ['true'] },
  // Without a link, nothing is left to end. A phase that has the member has a link; the operator is for the type.
  { file: 'connection/connection.ts', original: "!('link' in before)", replacements: ['false'] },
  { file: 'connection/connection.ts', original: 'before.link?.close', replacements: ['before.link.close'] },
  // A document begins with a whole value, whose patch takes the place of all before it.
  {
    file: 'replicas/replica.ts',
    line: 'const patches',
    original: '[]',
    replacements: ['["Stryker was here"]'],
  },
  // The phase is compared with the two others alone.
  { file: 'replicas/replica.ts', original: "'waiting'", replacements: ['""'] },
  // A recorder without options could have keys of its own.
  { file: 'recording/recorder.ts', original: 'key === undefined', replacements: ['false'] },
  // Each of these saves time only: there is nothing to take, to fetch, or to close a second time.
  {
    file: 'recording/recorder.ts',
    line: 'if (!this.dirty)',
    original: '!this.dirty',
    replacements: ['false'],
  },
  { file: 'recording/recorder.ts', original: 'sources.hasOpen', replacements: ['true'] },
  { file: 'recording/recorder.ts', original: 'isClosing', replacements: ['false'] },
  { file: 'recording/recorder.ts', line: 'isClosing = true', original: 'true', replacements: ['false'] },
  // Without owed frames and dirty topics, both ways take the same messages: the condition saves time.
  {
    file: 'sessions/session.ts',
    original: 'link.owed.hasPending || this.topics.hasDirty',
    replacements: ['true'],
  },
  // The loop runs only while the ring has a patch; the operator is for the type.
  {
    file: 'state/history.ts',
    original: 'this.#patches.shift()?.length',
    replacements: ['this.#patches.shift().length'],
  },
  // One patch without its brackets, put into brackets, is the same text.
  { file: 'state/history.ts', original: 'missing === 1', replacements: ['false'] },
  // A client's place is in no run at first, so an empty window begins a run for it either way, and reads no earlier beginning.
  {
    file: 'wire/shared-window.ts',
    original: 'this.#length > 0',
    replacements: ['true', 'this.#length >= 0'],
  },
  { file: 'wire/shared-window.ts', original: '-Infinity', replacements: ['+Infinity'] },
  // Runs have to have different numbers, of either sign.
  { file: 'wire/shared-window.ts', original: 'this.#run++', replacements: ['this.#run--'] },
  // The last 16 KiB of a shorter text are all of it.
  {
    file: 'wire/shared-window.ts',
    original: 'this.#past.length > REACH',
    replacements: ['true', 'this.#past.length >= REACH'],
  },
  // A topic that is asked for is neither denied nor failed, and nothing else reads the word.
  { file: 'topics/subscription.ts', original: "{ is: 'asked' }", replacements: ['{}'] },
  { file: 'topics/subscription.ts', original: "'asked'", replacements: ['""'] },
  // Each answer sets it before it is read.
  { file: 'topics/subscription.ts', line: '#isTold = false;', original: 'false', replacements: ['true'] },
  // No set has the broadcast `undefined`; the comparison is for the type.
  {
    file: 'topics/subscription.ts',
    line: 'broadcasts.has(this.#broadcast)',
    original: 'this.#broadcast !== undefined',
    replacements: ['true'],
  },
  // A value that is current again has just got a state frame, so both reasons are undefined; the comparison is for the type.
  {
    file: 'topics/subscription.ts',
    line: 'messages.push(frames.stale(stale))',
    original: 'stale !== undefined',
    replacements: ['true'],
  },
  // Lanes that get no further message in front stay the same: the condition saves time.
  { file: 'sessions/outbox.ts', line: 'lanes.prepend(', original: 'hasAgain', replacements: ['true'] },
  // The measure is compared with `size` alone, and the end of a queue with `oldest` alone.
  { file: 'sessions/outbox.ts', line: 'const by = ', original: "'count'", replacements: ['""'] },
  { file: 'sessions/outbox.ts', line: '#giveUpWaiting(', original: "'newest'", replacements: ['""'] },
];

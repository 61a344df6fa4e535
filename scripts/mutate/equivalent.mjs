/**
 * Changes that no test can notice, by the end of the file's path, the text that is changed, and its replacements.
 */
export const EQUIVALENT = [];

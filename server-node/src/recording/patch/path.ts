import { segment } from '../copy.js';

/** Receivers refuse paths through these; in values they are harmless. */
export function isUnsafe(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

/** A key as a segment of a path, ready to stand in JSON text. */
export function escaped(key: string): string {
  return isPlain(key) ? `/${key}` : JSON.stringify(segment(key)).slice(1, -1);
}

/** Whether no character needs an escape. A loop, because keys are too short for a regular expression to be faster. */
function isPlain(key: string): boolean {
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    const isWord = (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57);
    if (!isWord && code !== 95 && code !== 45 && code !== 32) return false; // _ - and blank
  }
  return true;
}

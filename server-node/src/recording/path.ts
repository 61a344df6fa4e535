import { segment } from './copy.js';

/** Receivers refuse paths through these; in values they are harmless. */
export function isUnsafe(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}

const PLAIN = /^[\w -]*$/;

/** A key as a segment of a path, ready to stand in JSON text. */
export function escaped(key: string): string {
  return PLAIN.test(key) ? `/${key}` : JSON.stringify(segment(key)).slice(1, -1);
}

import { isContainer } from './container.js';

/** Whether any value is below `depth` levels. Recursive, but it ends at the first branch that is too deep. */
export function isDeep(value: unknown, depth: number): boolean {
  return isContainer(value) && Object.values(value).some((inner) => !depth || isDeep(inner, depth - 1));
}

/** Whether a frame is nested too deep. A level is written with two characters at least. */
export function isTooDeep(frame: unknown, text: string): boolean {
  /** A server's frame that is nested deeper is refused, because code that walks a value is recursive. */
  const MOST_LEVELS = 2_000;
  return text.length > 2 * MOST_LEVELS && isDeep(frame, MOST_LEVELS);
}

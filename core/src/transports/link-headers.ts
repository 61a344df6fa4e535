import type { Hello } from '../protocol/frames.js';

/** The headers by which a request says of which link it is: what comes late, when another has taken its place, counts no more. */
export function named({ session, link }: Pick<Hello, 'session' | 'link'>): Record<string, string> {
  return { 'velox-session': session, ...(link && { 'velox-link': `${link}` }) };
}

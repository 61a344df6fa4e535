import type { Hello } from '../protocol/frames.js';

/** The headers that name the link of a request. A late request, whose link was replaced, does not apply. */
export function linkHeaders({ session, link }: Pick<Hello, 'session' | 'link'>): Record<string, string> {
  return { 'velox-session': session, ...(link && { 'velox-link': `${link}` }) };
}

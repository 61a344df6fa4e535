import type { Hello } from '../protocol/frames.js';

/** The headers that name the link of a request. The server refuses a request of a replaced link. */
export function linkHeaders({ session, link }: Pick<Hello, 'session' | 'link'>): Record<string, string> {
  return { 'velox-session': session, ...(link && { 'velox-link': `${link}` }) };
}

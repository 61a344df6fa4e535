import { createHash } from 'node:crypto';

/**
 * Names a topic or subject in an engine: never empty, only of A to Z, a to z, 0 to 9, `-`, `_` and `~`, and different for different
 * topics. Engines give meanings to other characters: Redis to braces, NATS to dots, `*` and `>`, PostgreSQL to NUL.
 *
 * @param limit the length from which on a hash stands for the topic; at least 45, default 200
 */
export function topicKey(topic: string, limit = 200): string {
  // By UTF-16 unit, so that topics with lone surrogates differ, too.
  const key = `t-${topic.replace(/[^A-Za-z0-9_-]/g, (unit) => `~${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)}`;
  if (key.length <= limit) return key;
  return `h-${createHash('sha256').update(topic, 'utf16le').digest('base64url')}`;
}

import type { Link } from '../connection/transport.js';
import type { Receive } from './define.js';
import { createPost } from './post.js';

/** Starts an attempt over HTTP requests: receives in its own way, and sends by POST. */
export function startRequests(
  receive: Receive,
  ...[attempt, reporter, signal]: Parameters<Receive>
): Link['send'] {
  let post: ((text: string) => void) | undefined;
  receive(attempt, reporter, signal).catch((error: unknown) =>
    reporter.onClose({ code: 'lost', message: `${error as Error}` }),
  );
  return (text, hello) => (post ??= createPost({ ...attempt, hello, signal, reporter }))(text);
}

import type { Link } from '../connection/transport.js';
import type { Receive, Start } from './define.js';
import { createPost } from './post.js';

/** Starts an attempt over HTTP requests, unless it is over: receives in its own way, and sends by POST. */
export function startRequests(
  receive: Receive,
  ...[attempt, reporter, signal]: Parameters<Start>
): Link['send'] {
  if (signal.aborted) return () => {};
  let post: ((text: string) => void) | undefined;
  const send: Link['send'] = (text, hello) =>
    (post ??= createPost({ ...attempt, hello, signal, reporter }))(text);
  receive(attempt, reporter, signal, send).catch((error: unknown) =>
    reporter.onClose({ code: 'lost', message: `${error as Error}` }),
  );
  return send;
}

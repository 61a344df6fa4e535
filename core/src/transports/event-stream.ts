import type { OpenFrame, SubscribeFrame } from '../protocol/frames.js';
import type { Receive } from './define.js';
import { reportRefusal } from './report-refusal.js';
import { request } from './request.js';

/**
 * Server-sent events, read by `fetch`: unlike an EventSource it can send headers and see why it was refused. A new session with one
 * topic opens by GET, anything else by POST. `keep` says that the client may resume the session, which a GET could not say otherwise.
 * Each frame is one line (PROTOCOL.md), and JSON does not mind a CR at its end.
 */
export const readEventStream: Receive = async (attempt, reporter, signal) => {
  const { open, headers } = attempt;
  const [{ open: first }, { subscribe } = {}] = open as [OpenFrame, SubscribeFrame?];
  const [{ topic, id, version: v, proof } = {}, more] = subscribe ?? [];
  const { session, token } = first;
  // A GET has no open frame, so its token travels in the header that the server reads.
  const byPost = session ?? (more || !subscribe || (token && headers.authorization !== `Bearer ${token}`));
  const response = await request(
    attempt,
    { accept: 'text/event-stream' },
    { ...(byPost && { method: 'POST', body: JSON.stringify(open) }), signal },
    byPost ? {} : { topic, id, v, proof, keep: 1 },
  );
  if (!response.ok || !response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return reportRefusal(response, reporter);
  }
  reporter.onOpen();
  let rest = '';
  const write = (text: string): void => {
    reporter.onByte();
    // Only new text is searched, so a line that comes in a thousand pieces costs its length once.
    const lines = text.split('\n');
    lines[0] = rest + lines[0];
    rest = lines.pop()!;
    for (const line of lines) if (line.startsWith('data:')) reporter.onMessage(line.slice(5).trim());
  };
  await response.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
  reporter.onClose({ code: 'lost', message: 'ended' });
};

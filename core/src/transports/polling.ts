import { refuse } from './refuse.js';
import { endpoint } from './define.js';
import type { Receive } from './requests.js';

/**
 * Long-polling: a POST opens the session and brings what there is; then each GET takes away what is due, or waits for it. The slowest
 * way, and the one that passes everywhere.
 */
export const poll: Receive = async ({ url, headers, open }, reporter, signal) => {
  let session: string | undefined;
  while (!signal.aborted) {
    const response = await fetch(endpoint(url), {
      ...(!session && { method: 'POST', body: JSON.stringify(open) }),
      headers: { accept: 'application/json', ...(session && { 'velox-session': session }), ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal,
    });
    if (!response.ok) return refuse(response, reporter);
    if (!session) reporter.onOpen();
    let text = '';
    const write = (part: string): void => {
      reporter.onByte();
      text += part;
    };
    await response.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
    for (const frame of JSON.parse(text) as { readonly hello?: { readonly session: string } }[]) {
      session ??= frame.hello?.session;
      reporter.onMessage(JSON.stringify(frame));
    }
    if (!session) throw new Error('no hello');
  }
};

import type { Hello, HelloFrame } from '../protocol/frames.js';
import { refuse } from './refuse.js';
import { endpoint, type Receive } from './define.js';
import { named } from './link-headers.js';

/**
 * Long-polling: a POST opens the session and brings what there is; then each GET takes away what is due, or waits for it. The slowest
 * way, and the one that passes everywhere.
 */
export const poll: Receive = async ({ url, headers, open }, reporter, signal) => {
  let hello: Hello | undefined;
  while (!signal.aborted) {
    const response = await fetch(endpoint(url), {
      ...(!hello && { method: 'POST', body: JSON.stringify(open) }),
      headers: { accept: 'application/json', ...(hello && named(hello)), ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal,
    });
    if (!response.ok) return refuse(response, reporter);
    if (!hello) reporter.onOpen();
    let text = '';
    const write = (part: string): void => {
      reporter.onByte();
      text += part;
    };
    await response.body!.pipeThrough(new TextDecoderStream()).pipeTo(new WritableStream({ write }));
    for (const frame of JSON.parse(text) as Partial<HelloFrame>[]) {
      hello ??= frame.hello;
      reporter.onMessage(JSON.stringify(frame));
    }
    if (!hello) throw new Error('no hello');
  }
};

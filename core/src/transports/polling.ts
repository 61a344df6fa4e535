import { endpoint, readRefusal, type Start } from './define.js';
import { createPost } from './post.js';

/**
 * Long-polling: a POST opens the session and brings what there is; then each GET takes away what is due, or waits for it. The slowest
 * way, and the one that passes everywhere.
 */
export const startPolling: Start = ({ url, headers, open }, reporter) => {
  const abort = new AbortController();
  const { signal } = abort;
  const target = endpoint(url);
  let session: string | undefined;
  let post: ReturnType<typeof createPost> | undefined;

  async function poll(): Promise<void> {
    const response = await fetch(target, {
      ...(!session && { method: 'POST', body: JSON.stringify(open) }),
      headers: { accept: 'application/json', ...(session && { 'velox-session': session }), ...headers },
      credentials: 'include',
      cache: 'no-store',
      signal,
    });
    if (!response.ok) return reporter.onClose(await readRefusal(response));
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

  async function run(): Promise<void> {
    while (!signal.aborted) await poll();
  }

  run().catch((error: unknown) => reporter.onClose({ code: 'lost', message: String(error) }));
  return {
    send(frame, to) {
      post ??= createPost({ headers, url: target, session: to, signal, reporter });
      post(frame);
    },
    close: () => abort.abort(),
  };
};

/** Raw links over HTTP requests. After the opening they send each message by POST, one at a time, in order. */
import { Inbox, rawSubscribe, type Frame, type RawLink } from './raw-client.js';

/** One link, as the way to receive sees it. */
interface Exchange {
  /** Rejects with `refused <status> <code>`. */
  readonly ask: (init: RequestInit) => Promise<Response>;
  readonly take: (frame: Frame) => void;
  /** Resolves with the id that `hello` names. */
  readonly session: Promise<string>;
  /** The body of the POST that opens. */
  readonly opening: string;
}

/** Opens a link that ends when `receive` does. */
export function rawRequests(
  url: string,
  topics: object[],
  receive: (exchange: Exchange) => Promise<void>,
): RawLink {
  const inbox = new Inbox();
  const over = new AbortController();
  const ask = async (init: RequestInit): Promise<Response> => {
    const response = await fetch(`${url}?velox=3`, { ...init, signal: over.signal });
    if (response.ok) return response;
    const { error } = (await response.json()) as { error: { code: string } };
    throw new Error(`refused ${response.status} ${error.code}`);
  };
  let know: (id: string) => void = () => undefined;
  const session = new Promise<string>((resolve) => (know = resolve));
  const take = (frame: Frame): void => {
    if ('hello' in frame) know((frame.hello as { session: string }).session);
    inbox.add(frame);
  };
  const fail = (error: Error): void => inbox.end(error.message);
  const opening = JSON.stringify([{ open: {} }, { subscribe: topics.length ? topics : [{}] }]);
  receive({ ask, take, session, opening }).then(() => inbox.end('ended'), fail);
  let sent: Promise<unknown> = session;
  return Object.assign(inbox, {
    send(frame: unknown) {
      sent = sent.then(async () => {
        const headers = { 'velox-session': await session };
        const answer = await ask({ method: 'POST', headers, body: JSON.stringify([frame]) });
        take((await answer.json()) as Frame); // an acknowledgement
      });
      sent.catch(fail);
    },
    close() {
      inbox.end('closed');
      over.abort();
    },
  });
}

/** Opens a session by long-polling and polls on; ends with `closed` or `refused <status> <code>`. */
export function rawPolling(url: string, ...topics: object[]): RawLink {
  return rawRequests(url, topics, async ({ ask, take, session, opening }) => {
    const accept = 'application/json';
    const fetchFrames = async (init: RequestInit): Promise<void> => {
      const answer = await ask(init);
      for (const frame of (await answer.json()) as Frame[]) take(frame);
    };
    await fetchFrames({ method: 'POST', headers: { accept }, body: opening });
    const headers = { accept, 'velox-session': await session };
    for (;;) await fetchFrames({ headers });
  });
}

/** Opens an event stream by POST; ends with `ended`, `closed` or `refused <status> <code>`. */
export function rawPostStream(url: string, ...topics: object[]): RawLink {
  return rawRequests(url, topics, async ({ ask, take, opening }) => {
    const { body } = await ask({ method: 'POST', headers: { accept: 'text/event-stream' }, body: opening });
    let rest = '';
    for await (const text of (body as ReadableStream<Uint8Array<ArrayBuffer>>).pipeThrough(
      new TextDecoderStream(),
    )) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data: ')) take(JSON.parse(line.slice(6)) as Frame);
    }
  });
}

/** A raw link with subscriptions that may change, over each transport. */
export const RAW: Readonly<
  Record<'websocket' | 'sse' | 'polling', (url: string, ...topics: object[]) => RawLink>
> = {
  websocket: rawSubscribe,
  sse: rawPostStream,
  polling: rawPolling,
};

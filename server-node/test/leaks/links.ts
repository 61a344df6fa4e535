/** Raw links of every transport to a hub in this process. Each notes all texts that the server sends it. */
import { Writable, type Duplex } from 'node:stream';
import type { ClientFrame } from '@velox/core/protocol';
import type { WebSocket } from 'ws';
import type { Endpoint } from '../../src/http/endpoint.js';
import type { Hub } from '../../src/hub/hub.js';
import { WebSocketOutlet } from '../../src/transports/websocket/outlet.js';
import type { Session } from '../../src/sessions/session.js';
import { EventStreamReader, framesIn, WebSocketReader } from './wire.js';

export const FORMS: readonly ['deflate', 'websocket', 'stream', 'gzip', 'get', 'polling', 'version-2'] = [
  'deflate',
  'websocket',
  'stream',
  'gzip',
  'get',
  'polling',
  'version-2',
];
export type Form = (typeof FORMS)[number];

/** The subscription with which a link opens. */
export interface Wanted {
  readonly topic: string;
  readonly id?: string | undefined;
  readonly version?: number | undefined;
  readonly proof?: string | undefined;
}

/** The server of a run. */
export interface Server {
  readonly hub: Hub;
  readonly endpoint: Endpoint;
}

/** One link. `take` receives each text of the server, and the frames in it. */
export interface Link {
  /** Sends a frame, if the transport can. */
  readonly send: (frame: ClientFrame) => void;
  readonly session: () => Session | undefined;
  /** Lets the server write more, if it waits for that. */
  readonly poll: () => void;
  readonly close: () => void;
}

export interface LinkOptions {
  readonly form: Form;
  /** The name of the client; its token says the same. */
  readonly name: string;
  /** The session to resume. */
  readonly session?: string | undefined;
  readonly wanted: Wanted;
  readonly lastEventId?: string | undefined;
  readonly take: (texts: readonly string[], frames: readonly string[]) => void;
  /** The server's bytes cannot be read. */
  readonly fail: (error: unknown) => void;
}

export function openLink(server: Server, options: LinkOptions): Link {
  const { form } = options;
  if (form === 'deflate' || form === 'websocket') return openWebSocket(server, options);
  return form === 'polling' ? openPolling(server, options) : openStream(server, options);
}

const URL = 'http://localhost/sync';
const CREDENTIALS = { request: new Request(URL), header: () => undefined };

function openWebSocket({ hub }: Server, { form, name, session: id, wanted, take, fail }: LinkOptions): Link {
  const reader = new WebSocketReader();
  const socket = new Writable({
    write(chunk: Buffer, _, done) {
      try {
        const texts = reader.read(chunk);
        take(texts, texts);
      } catch (error) {
        fail(error);
      }
      done();
    },
  }) as Duplex;
  const webSocket = { readyState: 1, OPEN: 1, close: () => (webSocket.readyState = 3) };
  let session: Session | undefined;
  const outlet = new WebSocketOutlet(
    webSocket as unknown as WebSocket,
    socket,
    form === 'deflate' ? 'shared' : 'none',
    () => session?.topics.size === 1,
    () => session?.drained(outlet),
  );
  const opened = (async () => {
    const admission = await hub.admissions.admit({ ...CREDENTIALS, token: name });
    session = hub.open(outlet, admission, id === undefined ? {} : { session: id });
    hub.receive(session, { subscribe: [wanted as { topic: string }] }, CREDENTIALS);
  })();
  opened.catch(fail);
  return {
    send: (frame) => void opened.then(() => session && hub.receive(session, frame, CREDENTIALS)).catch(fail),
    session: () => session,
    poll: () => undefined,
    close: () => {
      webSocket.close();
      if (session) hub.leave(session, outlet, 'closed');
    },
  };
}

function openStream({ endpoint }: Server, options: LinkOptions): Link {
  const { form, name, session, wanted, lastEventId, take, fail } = options;
  const isPost = form === 'stream' || form === 'gzip';
  const { topic, id, version, proof } = wanted;
  const query = new URLSearchParams({ topic, ...(form !== 'version-2' && { velox: '3' }) });
  if (form === 'get' && id)
    for (const [key, value] of Object.entries({ id, v: version, proof }))
      if (value) query.set(key, `${value}`);
  const reader = new EventStreamReader(form === 'gzip');
  const ending = new AbortController();
  const headers = {
    accept: 'text/event-stream',
    authorization: `Bearer ${name}`,
    ...(form === 'gzip' && { 'accept-encoding': 'gzip' }),
    ...(form === 'get' && lastEventId && { 'last-event-id': lastEventId }),
  };
  const open = { open: { token: name, ...(session && { session }) } };
  const body = isPost ? { method: 'POST', body: JSON.stringify([open, { subscribe: [wanted] }]) } : {};
  let sessionId: string | undefined;
  (async () => {
    const request = new Request(`${URL}?${isPost ? 'velox=3' : query.toString()}`, {
      headers,
      signal: ending.signal,
      ...body,
    });
    const response = await endpoint.fetch(request);
    if (response.status !== 200) return;
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const lines = reader.read(chunk);
      const frames = framesIn(lines);
      for (const text of frames) sessionId ??= sessionIn(text);
      take(lines, frames);
    }
  })().catch((error: unknown) => {
    if (!ending.signal.aborted) fail(error);
  });
  return {
    send: (frame) => {
      if (!sessionId) return;
      post(endpoint, name, sessionId, frame).then((text) => take([text], []), fail);
    },
    session: () => undefined,
    poll: () => undefined,
    close: () => ending.abort(),
  };
}

function openPolling({ endpoint }: Server, { name, session, wanted, take, fail }: LinkOptions): Link {
  let sessionId: string | undefined;
  let isPolling = true;
  let isClosed = false;
  const authorization = `Bearer ${name}`;
  const fetchFrames = async (init: RequestInit): Promise<void> => {
    isPolling = true;
    const response = await endpoint.fetch(new Request(`${URL}?velox=3`, init));
    const text = await response.text();
    isPolling = false;
    if (response.status !== 200) return take([text], []);
    const frames = (JSON.parse(text) as object[]).map((frame) => JSON.stringify(frame));
    for (const frame of frames) sessionId ??= sessionIn(frame);
    if (!isClosed) take([text], frames);
  };
  const open = { open: { token: name, ...(session && { session }) } };
  const opening = JSON.stringify([open, { subscribe: [wanted] }]);
  fetchFrames({
    method: 'POST',
    headers: { accept: 'application/json', authorization },
    body: opening,
  }).catch(fail);
  return {
    send: (frame) => {
      if (sessionId) post(endpoint, name, sessionId, frame).then((text) => take([text], []), fail);
    },
    session: () => undefined,
    poll: () => {
      if (isPolling || isClosed || !sessionId) return;
      const headers = { accept: 'application/json', authorization, 'velox-session': sessionId };
      fetchFrames({ headers }).catch(fail);
    },
    close: () => void (isClosed = true),
  };
}

async function post(endpoint: Endpoint, name: string, session: string, frame: ClientFrame): Promise<string> {
  const headers = { authorization: `Bearer ${name}`, 'velox-session': session };
  const init = { method: 'POST', headers, body: JSON.stringify([frame]) };
  return (await endpoint.fetch(new Request(`${URL}?velox=3`, init))).text();
}

/** Reads a value as plain JSON. */
export async function readValue(
  { endpoint }: Server,
  name: string,
  etag: string | undefined,
): Promise<{ text: string; etag: string | null }> {
  const headers = { authorization: `Bearer ${name}`, ...(etag && { 'if-none-match': etag }) };
  const response = await endpoint.fetch(new Request(`${URL}?topic=game`, { headers }));
  return { text: await response.text(), etag: response.headers.get('etag') };
}

function sessionIn(text: string): string | undefined {
  return (JSON.parse(text) as { hello?: { session?: string } }).hello?.session;
}

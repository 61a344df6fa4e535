/** Clients that follow PROTOCOL.md and use nothing of the core, so they observe the wire itself. */
import { request, type IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';

export type Frame = Record<string, unknown>;

/** Collects received frames, so that a test waits for frames and not for time. */
export class Inbox {
  readonly frames: Frame[] = [];
  ended: string | undefined;
  #wake: (() => void)[] = [];
  #read = 0;

  add(frame: Frame): void {
    this.frames.push(frame);
    this.#notify();
  }

  end(reason: string): void {
    this.ended ??= reason;
    this.#notify();
  }

  /** The next frame that was not read; rejects when the link ends first. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = this.frames[this.#read];
      if (frame) {
        this.#read++;
        return frame;
      }
      if (this.ended !== undefined) throw new Error(`the link ended: ${this.ended}`);
      await this.#change();
    }
  }

  /** The next unread frame for which `wanted` holds; those before it are passed over. */
  async find(wanted: (frame: Frame) => boolean): Promise<Frame> {
    for (;;) {
      const frame = await this.next();
      if (wanted(frame)) return frame;
    }
  }

  /** Resolves with the reason when the link has ended. */
  async whenEnded(): Promise<string> {
    while (this.ended === undefined) await this.#change();
    return this.ended;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #notify(): void {
    const wake = this.#wake;
    this.#wake = [];
    for (const each of wake) each();
  }
}

export interface RawLink extends Inbox {
  send(frame: unknown): void;
  close(): void;
}

/** A link whose client may stop reading. Later bytes then wait in the network, and at last in the server. */
export interface PausableLink extends RawLink {
  pause(): void;
  resume(): void;
}

/** Opens a WebSocket; ends with `closed <code> <reason>`, or `refused <status>`. It can be paused once it is open. */
export function rawWebSocket(url: string, headers: Record<string, string> = {}): PausableLink {
  const inbox = new Inbox();
  const socket = new WebSocket(`${url.replace('http', 'ws')}${url.includes('?') ? '&' : '?'}velox=3`, {
    headers,
  });
  const early: string[] = [];
  socket.on('open', () => {
    for (const text of early.splice(0)) socket.send(text);
  });
  socket.on('message', (data: Buffer) => {
    try {
      inbox.add(JSON.parse(data.toString()) as Frame);
    } catch (error) {
      inbox.end(`${String(error)} in ${data.toString()}`);
    }
  });
  socket.on('unexpected-response', (_, response) => inbox.end(`refused ${response.statusCode}`));
  socket.on('error', (error) => inbox.end(error.message));
  socket.on('close', (code, reason) => inbox.end(`closed ${code} ${reason.toString()}`));
  return Object.assign(inbox, {
    send(frame: unknown) {
      const text = typeof frame === 'string' ? frame : JSON.stringify(frame);
      if (socket.readyState === socket.OPEN) socket.send(text);
      else early.push(text);
    },
    close: () => socket.terminate(),
    pause: () => socket.pause(),
    resume: () => socket.resume(),
  });
}

/** Opens a WebSocket and subscribes in the same tick, as a client does. */
export function rawSubscribe(url: string, ...topics: object[]): PausableLink {
  const link = rawWebSocket(url);
  link.send({ open: {} });
  link.send({ subscribe: topics.length ? topics : [{}] });
  return link;
}

export interface RawStream extends Inbox {
  readonly response: Promise<IncomingMessage>;
  /** The SSE ids in order of the frames. */
  readonly ids: (string | undefined)[];
  close(): void;
}

/** Opens an event stream; ends with `ended`, `closed`, or `refused <status> <code>`. */
export function rawStream(url: string, headers: Record<string, string> = {}): RawStream {
  const inbox = new Inbox();
  const ids: (string | undefined)[] = [];
  let text = '';
  const outgoing = request(`${url}${url.includes('?') ? '&' : '?'}velox=3`, {
    headers: { accept: 'text/event-stream', ...headers },
    agent: false,
  });
  const response = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('error', reject);
    outgoing.once('response', (incoming) => {
      resolve(incoming);
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => {
        text += chunk;
        if (incoming.statusCode !== 200) return;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          ids.push(block.match(/^id: (.*)$/m)?.[1]);
          inbox.add(JSON.parse(block.match(/^data: (.*)$/m)?.[1] ?? 'null') as Frame);
        }
      });
      incoming.on('end', () => {
        const refused = incoming.statusCode !== 200 && (JSON.parse(text) as { error: { code: string } });
        inbox.end(refused ? `refused ${incoming.statusCode} ${refused.error.code}` : 'ended');
      });
      incoming.on('error', () => inbox.end('closed'));
    });
  });
  response.catch((error: Error) => inbox.end(error.message));
  outgoing.end();
  return Object.assign(inbox, { response, ids, close: () => outgoing.destroy() });
}

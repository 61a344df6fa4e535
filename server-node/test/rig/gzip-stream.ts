import { request, type IncomingMessage } from 'node:http';
import { createGunzip } from 'node:zlib';
import type { Frame, PausableLink } from './raw-client.js';
import { rawRequests } from './raw-requests.js';

/** Opens an event stream by POST that comes in gzip; ends with `ended`, `closed` or `refused <status>`. */
export function rawGzipStream(url: string, ...topics: object[]): PausableLink {
  const headers = { accept: 'text/event-stream', 'accept-encoding': 'gzip' };
  const outgoing = request(`${url}?velox=3`, { method: 'POST', agent: false, headers });
  const responded = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
  });
  const link = rawRequests(url, topics, async ({ take, opening }) => {
    outgoing.end(opening);
    const incoming = await responded;
    if (incoming.headers['content-encoding'] !== 'gzip') throw new Error(`refused ${incoming.statusCode}`);
    await new Promise((resolve, reject) => {
      const gunzip = createGunzip().setEncoding('utf8').on('error', reject);
      let rest = '';
      gunzip.on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if (line.startsWith('data: ')) take(JSON.parse(line.slice(6)) as Frame);
      });
      incoming.on('data', (data: Buffer) => gunzip.write(data)); // a pipe would resume a paused stream
      incoming.on('end', () => gunzip.flush(() => resolve(undefined))).on('error', reject);
    });
  });
  const close = link.close.bind(link);
  const whenThere = (act: (incoming: IncomingMessage) => void): void => {
    responded.then(act, () => undefined); // the link has ended with that
  };
  return Object.assign(link, {
    pause: () => whenThere((incoming) => incoming.pause()),
    resume: () => whenThere((incoming) => incoming.resume()),
    close() {
      close();
      outgoing.destroy();
    },
  });
}

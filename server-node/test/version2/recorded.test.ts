/** The recorded sequence of steps, served by Velox to strict models of both original clients. */
import { expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { changed, changesOf, START, transcript } from '../../../core/test/wire/transcript.js';
import { canonical } from '../rig/documents.js';
import { listen } from '../rig/listen.js';
import { GoClient, JsClient } from '../rig/version2-clients.js';
import { version2Stream, version2WebSocket, type Version2TestLink } from '../rig/version2-links.js';

type Document = Record<string, unknown>;

/** The 35 steps, each as the changes that were published together. */
const steps = transcript('go-sse-struct')
  .flatMap((line) => [changesOf(line)].filter((changes) => changes !== undefined))
  .map((changes) => changes.flat());

const ways: Record<string, (url: string) => Version2TestLink> = {
  'the Go client': (url) => version2Stream(url, new GoClient()),
  'the Go client with gzip': (url) => version2Stream(url, new GoClient(), { 'accept-encoding': 'gzip' }),
  'velox.js over SSE': (url) => version2Stream(url, new JsClient()),
  'velox.js over SSE with gzip': (url) => version2Stream(url, new JsClient(), { 'accept-encoding': 'gzip' }),
  'velox.js over WebSocket': (url) => version2WebSocket(url, new JsClient()),
  'velox.js over WebSocket with deflate': (url) => version2WebSocket(url, new JsClient(), true),
};

it.each(Object.keys(ways))(
  '%s is right after each recorded step, and after joins and resumes',
  async (way) => {
    const hub = velox.createHub({ version2: true });
    const board = hub.state<'', Document>('', structuredClone(START));
    await using server = await listen(hub.handle);
    onTestFinished(() => hub.close());
    const connect = ways[way] as (url: string) => Version2TestLink;
    const links: Version2TestLink[] = [];
    const open = async (query = ''): Promise<Version2TestLink> => {
      const link = connect(`${server.origin}/sync${query}`);
      links.push(link);
      await link.until(board.position().version);
      return link;
    };
    const follow = await open();
    let wanted = structuredClone(START) as Document;
    const check = async (): Promise<void> => {
      const { version } = board.position();
      for (const { client, until } of links) {
        await until(version);
        expect(canonical(client.value)).toBe(canonical(wanted));
        expect(client.id).toBe(board.position().id);
      }
    };
    await check();
    const recorded = steps.slice(0, -1);
    for (const [at, changes] of recorded.entries()) {
      wanted = changed(wanted, changes);
      board.set(structuredClone(wanted));
      await check();
      if (at === 10) await open(); // joins in the middle
      if (at !== 20) continue;
      links.splice(1).forEach(({ close }) => close()); // and one goes, and comes back with its position
      await open(`?v=${board.position().version}&id=${board.position().id}`);
    }
    const { id, version } = board.position();
    const queries = [
      `?v=${version}&id=${id}`,
      `?v=${version - 1}&id=${id}`,
      `?v=${version}&id=deadbeef`,
      '',
      `?v=${version}`,
      `?v=${version + 7}&id=${id}`,
      `?v=x&id=${id}`,
    ];
    for (const query of queries) await open(query);
    wanted = changed(wanted, steps.at(-1) ?? []);
    board.set(structuredClone(wanted));
    await check();
    const { deltas, wholes } = follow.client.counts;
    expect(deltas + wholes).toBe(version + 1);
    expect(deltas / (deltas + wholes)).toBeGreaterThanOrEqual(0.6);
    links.forEach(({ close }) => close());
  },
);

it('the recorded sequence has 35 steps that change something or nothing', () => {
  expect(steps).toHaveLength(35);
});

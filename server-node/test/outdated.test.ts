/** `stale` and lost revisions on the wire, seen by clients that follow PROTOCOL.md alone. */
import { describe, expect, it } from 'vitest';
import { Hub } from '../src/hub/hub.js';
import { createEndpoint } from '../src/http/endpoint.js';
import { listen } from './rig/listen.js';
import { MovableValue } from './rig/movable-value.js';
import type { Frame } from './rig/raw-client.js';
import { RAW } from './rig/raw-requests.js';

/** Long enough that a step of `n` is shorter than the value. */
const PAD = 'x'.repeat(200);
interface Row {
  n: number;
  pad: string;
}

interface Far {
  readonly hub: Hub;
  readonly value: MovableValue<Row>;
  /** Why the source has no value; undefined: it has one. */
  failure: string | undefined;
}

/** A hub whose topics that begin with `far/` are one value of a source. */
function far(): Far {
  const hub = new Hub();
  const value = new MovableValue<Row>({ n: 1, pad: PAD });
  const it: Far = { hub, value, failure: undefined };
  const open = (): MovableValue<Row> | { stale: string } =>
    it.failure === undefined ? value : { stale: it.failure };
  hub.topics.providePrefix('far/', { open, release: () => undefined });
  return it;
}

const isOfTopic = (frame: Frame): boolean => frame.topic === 'far/1';
const topic = 'far/1';

describe.each(['websocket', 'sse', 'polling'] as const)('over %s', (transport) => {
  const join = (origin: string, position = {}): ReturnType<(typeof RAW)['sse']> =>
    RAW[transport](origin, { topic, ...position });

  it('stale follows the first state frame, and a bare position ends it', async () => {
    const { hub, value } = far();
    value.setStale('late');
    await using server = await listen(createEndpoint(hub).handle);
    const link = join(server.origin);
    const position = value.position();
    expect(await link.find(isOfTopic)).toMatchObject({ topic, ...position, body: { n: 1, pad: PAD } });
    expect(await link.find(isOfTopic)).toEqual({ topic, stale: 'late' });
    value.setStale(undefined);
    expect(await link.find(isOfTopic)).toEqual({ topic, ...position });
    link.close();
  });

  it('stale follows each state frame for as long as the value is outdated', async () => {
    const { hub, value } = far();
    await using server = await listen(createEndpoint(hub).handle);
    const link = join(server.origin);
    expect(await link.find(isOfTopic)).toMatchObject({ version: 1 });
    value.setStale('late');
    expect(await link.find(isOfTopic)).toEqual({ topic, stale: 'late' });
    value.update((draft) => void draft.n++);
    expect(await link.find(isOfTopic)).toMatchObject({ version: 2, delta: true });
    expect(await link.find(isOfTopic)).toEqual({ topic, stale: 'late' });
    value.setStale(undefined);
    expect(await link.find(isOfTopic)).toMatchObject({ version: 2 });
    link.close();
  });

  it('stale stands in for a value that its source does not have yet', async () => {
    const world = far();
    world.failure = 'busy';
    await using server = await listen(createEndpoint(world.hub).handle);
    const link = join(server.origin);
    expect(await link.find(isOfTopic)).toEqual({ topic, stale: 'busy' });
    world.failure = undefined;
    expect(await link.find(isOfTopic)).toMatchObject({ topic, version: 1, body: { n: 1, pad: PAD } });
    link.close();
  });

  it('a client that is ahead gets a snapshot under an id of its own, which it resumes from', async () => {
    const { hub, value } = far();
    await using server = await listen(createEndpoint(hub).handle);
    const { id } = value.position();
    const link = join(server.origin, { id, version: 7 });
    const snapshot = await link.find(isOfTopic);
    expect(snapshot).toMatchObject({ topic, id: `${id}!`, version: 1, body: { n: 1, pad: PAD } });
    value.update((draft) => void draft.n++);
    expect(await link.find(isOfTopic)).toEqual({
      topic,
      version: 2,
      delta: true,
      body: [{ op: 'replace', path: '/n', value: 2 }],
    });
    link.close();
    const { proof } = snapshot;
    const next = join(server.origin, { id: `${id}!`, version: 2, proof });
    expect(await next.find(isOfTopic)).toEqual({ topic, id: `${id}!`, version: 2 });
    next.close();
  });

  it('a value that loses revisions goes on under another id', async () => {
    const { hub, value } = far();
    await using server = await listen(createEndpoint(hub).handle);
    const link = join(server.origin);
    const { id } = await link.find(isOfTopic);
    for (let version = 2; version <= 4; version++) {
      value.update((draft) => void draft.n++);
      value.position();
    }
    await link.find((frame) => isOfTopic(frame) && frame.version === 4);
    value.lose({ n: 2, pad: PAD }, 2);
    const snapshot = await link.find(isOfTopic);
    expect(snapshot).toMatchObject({ topic, version: 2, body: { n: 2, pad: PAD } });
    expect(snapshot.id).toMatch(new RegExp(`^${String(id)}!`));
    link.close();
  });
});

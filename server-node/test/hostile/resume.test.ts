/** A resuming client gets no data that it could not have seen. */
import { describe, expect, it, onTestFinished } from 'vitest';
import * as velox from '../../src/index.js';
import { listen } from '../rig/listen.js';
import { rawStream, rawWebSocket, type Frame, type RawLink } from '../rig/raw-client.js';

const PAD = 'x'.repeat(2_000);
const isState = (frame: Frame): boolean => 'version' in frame;

interface Board {
  n: number;
  pad: string;
  secret?: string;
}

/** A hub with rights and a topic of ten versions, in the second of which a secret stood. */
async function rig(options: velox.StateOptions = {}, rights: velox.HubOptions = {}) {
  const allowed = new Set(['ann', 'eve']);
  const hub = velox.createHub({
    authorize: ({ token }) => token ?? 'nobody',
    identify: (user) => user as string,
    canSubscribe: (user) => allowed.has(user as string),
    ...rights,
  });
  const board: Board = { n: 0, pad: PAD };
  const state = hub.state('', board, options);
  const change = (recipe: (draft: Board) => void): void => {
    state.update(recipe);
    state.position();
  };
  change((draft) => void (draft.secret = 'of the past'));
  change((draft) => void delete draft.secret);
  while (state.position().version < 10) change((draft) => void draft.n++);
  const server = await listen(hub.handle);
  onTestFinished(() => server.close());
  const open = (user: string, position: object = {}): RawLink => {
    const link = rawWebSocket(server.origin);
    onTestFinished(() => link.close());
    link.send({ open: { token: user } });
    link.send({ subscribe: [position] });
    return link;
  };
  const bump = (): void => change((draft) => void draft.n++);
  return { hub, state, allowed, open, bump, origin: server.origin };
}

describe('a client that resumes', () => {
  it('from a version that it cannot prove gets a snapshot', async () => {
    const { open, state } = await rig();
    const frame = await open('eve', { id: state.position().id, version: 1 }).find(isState);
    expect(frame).toMatchObject({ version: 10, body: { n: 7 } });
    expect(JSON.stringify(frame)).not.toContain('of the past');
  });

  it.each(['9.AAAAAAAAAAAAAAAAAAAAA', '1.x', 'x', '1.AAAAAAAAAAAAAAAAAAAAA'])(
    'with the invalid proof %s gets a snapshot',
    async (proof) => {
      const { open, state } = await rig();
      const frame = await open('eve', { id: state.position().id, version: 9, proof }).find(isState);
      expect(frame).toHaveProperty('body.pad');
    },
  );

  it('from a version that it was given, or a later one, gets the steps', async () => {
    const { open, bump, state } = await rig();
    const { id, version, proof } = (await open('ann').find(isState)) as Record<string, never>;
    expect(proof).toMatch(/^10\.[\w-]{21}$/);
    bump();
    bump();
    expect(await open('ann', { id, version, proof }).find(isState)).toMatchObject({
      version: 12,
      delta: true,
    });
    expect(await open('ann', { id, version: 11, proof }).find(isState)).toMatchObject({
      version: 12,
      delta: true,
    });
    expect(await open('ann', { id, version: 9, proof }).find(isState)).toHaveProperty('body.pad');
    expect(state.position().version).toBe(12);
  });

  it('from the current version is told so, without a proof', async () => {
    const { open, state } = await rig();
    const position = state.position();
    expect(await open('eve', position).find(isState)).toEqual(position);
  });

  it('after a withdrawal of its rights gets a snapshot, also in another session', async () => {
    const { hub, allowed, open, bump } = await rig();
    const first = open('ann');
    const { id, version, proof } = (await first.find(isState)) as Record<string, never>;
    allowed.delete('ann');
    await hub.recheck();
    expect(await first.find((frame) => 'denied' in frame)).toMatchObject({ code: 'forbidden' });
    bump();
    allowed.add('ann');
    const again = await open('ann', { id, version, proof }).find(isState);
    expect(again).toHaveProperty('body.pad');
    bump();
    const next = { id, version: again.version, proof: again.proof };
    expect(await open('ann', next).find(isState)).toMatchObject({ delta: true });
  });

  it('as a plain EventSource proves its version by Last-Event-ID', async () => {
    const { origin, bump, state } = await rig();
    const headers = { authorization: 'Bearer ann' };
    const stream = rawStream(origin, headers);
    onTestFinished(() => stream.close());
    await stream.find(isState);
    bump();
    await stream.find(isState);
    const id = stream.ids.at(-1) as string;
    expect(id).toMatch(/^[\w-]+:11\.[\w-]{21}$/);
    bump();
    const first = async (lastEventId: string): Promise<Frame> => {
      const again = rawStream(origin, { ...headers, 'last-event-id': lastEventId });
      onTestFinished(() => again.close());
      return again.find(isState);
    };
    expect(await first(id)).toMatchObject({ version: 12, delta: true });
    expect(await first(`${state.position().id}:1`)).toHaveProperty('body.pad');
  });
});

it.each<[string, velox.StateOptions, velox.HubOptions]>([
  ['without authorize and canSubscribe', {}, { authorize: undefined, canSubscribe: undefined } as never],
  ['with resume: anyone', { history: { resume: 'anyone' } }, {}],
])('a hub %s adds nothing to frames, and resumes from any version', async (_, options, rights) => {
  const { open, state } = await rig(options, rights);
  expect(await open('ann').find(isState)).toEqual({ ...state.position(), body: state.get() });
  const old = { id: state.position().id, version: 1 };
  expect(await open('ann', old).find(isState)).toMatchObject({ from: 1, delta: true });
});

/** A session's identity and rights follow only the newest answer of the application. */
import { describe, expect, it } from 'vitest';
import { Hub } from '../src/hub/hub.js';
import type { Credentials } from '../src/access/admission.js';
import type { Session } from '../src/sessions/session.js';
import { LocalState } from '../src/state/local-state.js';
import { FakeOutlet } from './rig/fake-outlet.js';

const CREDENTIALS = { request: new Request('http://localhost'), header: () => undefined };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('canSubscribe', () => {
  const seen = async (answer: unknown, valid: unknown = { value: 'a' }): Promise<string> => {
    const hub = new Hub({
      canSubscribe: () => answer as boolean,
      validators: {
        subscription: { '~standard': { version: 1, vendor: 'test', validate: () => valid as { value: '' } } },
      },
    });
    hub.topics.publish('a', new LocalState({ n: 1 }));
    const outlet = new FakeOutlet();
    const session = hub.open(outlet, { context: undefined, identity: undefined }, {});
    hub.receive(session, { subscribe: [{ topic: 'a' }] }, CREDENTIALS);
    await turn();
    return Object.keys(outlet.take()[1] ?? {})[0] ?? 'nothing';
  };
  const thenable = (value: unknown): object => ({
    then: (resolve: (value: unknown) => void) => resolve(value),
  });

  it.each([undefined, null, 0, 1, 'yes', {}, [], Promise.resolve(1), thenable(undefined)])(
    'that answers neither true nor false means no: %o',
    async (answer) => {
      expect(await seen(answer)).toBe('denied');
    },
  );

  it.each([true, Promise.resolve(true), thenable(true)])(
    'that answers true means yes: %o',
    async (answer) => {
      expect(await seen(answer)).toBe('topic');
    },
  );

  it.each([{ issues: [] }, thenable({ issues: [{}] }), Promise.resolve({ issues: [{}] })])(
    'is not asked about what a schema refuses: %o',
    async (valid) => {
      expect(await seen(true, valid)).toBe('denied');
    },
  );
});

describe('tokens of a live session', () => {
  interface Asked {
    readonly token: string | undefined;
    readonly answer: (rights: string | Error) => void;
  }

  /** A hub whose `authorize` the test answers; `rights` are the topics that its session may see. */
  function setup(): { hub: Hub; asked: Asked[]; open: (named?: Session) => Promise<Session> } {
    const asked: Asked[] = [];
    const hub = new Hub({
      authorize: ({ token }: Credentials) =>
        new Promise((resolve, reject) =>
          asked.push({
            token,
            answer: (rights) => (rights instanceof Error ? reject(rights) : resolve(rights)),
          }),
        ),
      identify: () => 'ann',
      canSubscribe: (rights, topic) => (rights as string).includes(topic),
    });
    const open = async (named?: Session): Promise<Session> => {
      const admitted = hub.admissions.admit({ ...CREDENTIALS, token: 'opening' });
      asked.at(-1)?.answer('ab');
      return hub.open(new FakeOutlet(), await admitted, named ? { session: named.id } : {});
    };
    return { hub, asked, open };
  }
  const auth = (hub: Hub, session: Session, token: string): void =>
    hub.receive(session, { auth: token }, CREDENTIALS);

  it('count in the order in which they came, however long each takes; one is checked at a time', async () => {
    const { hub, asked, open } = setup();
    const session = await open();
    asked.length = 0;
    for (const token of ['first', 'second', 'third', 'last']) auth(hub, session, token);
    expect(asked.map(({ token }) => token)).toEqual(['first']);
    asked[0]?.answer('a');
    await turn();
    expect(session.context).toBe('a');
    // a token that was replaced while it waited is not checked
    expect(asked.map(({ token }) => token)).toEqual(['first', 'last']);
    asked[1]?.answer('');
    await turn();
    expect(session.context).toBe('');
    expect(asked).toHaveLength(2);
  });

  it.each([
    ['let in', 'ab'],
    ['refused', new Error('expired')],
  ])('have no effect if they are %s after a newer link was authorized', async (_, answer) => {
    const { hub, asked, open } = setup();
    const session = await open();
    auth(hub, session, 'slow');
    const slow = asked.at(-1);
    expect(await open(session)).toBe(session);
    const { admission } = session;
    slow?.answer(answer);
    await turn();
    expect(session.admission).toBe(admission);
    expect(hub.stats()).toMatchObject({ sessions: 1 });
  });

  it('are not checked if they still wait when a newer link is authorized', async () => {
    const { hub, asked, open } = setup();
    const session = await open();
    auth(hub, session, 'slow');
    const slow = asked.at(-1);
    auth(hub, session, 'waiting');
    await open(session);
    const { admission } = session;
    slow?.answer('a');
    await turn();
    expect(asked.map(({ token }) => token)).not.toContain('waiting');
    expect(session.admission).toBe(admission);
  });

  it('end the session if they are refused, and later ones that wait are not checked', async () => {
    const { hub, asked, open } = setup();
    const session = await open();
    auth(hub, session, 'bad');
    auth(hub, session, 'behind');
    const before = asked.length;
    asked.at(-1)?.answer(new Error('expired'));
    await turn();
    expect(asked).toHaveLength(before);
    expect(hub.stats()).toMatchObject({ sessions: 0 });
  });
});

describe('room for a session', () => {
  const admission = (identity: string | undefined): { context: undefined; identity: string | undefined } => ({
    context: undefined,
    identity,
  });
  const open = (hub: Hub, identity: string | undefined): { session: Session; outlet: FakeOutlet } => {
    const outlet = new FakeOutlet();
    return { session: hub.open(outlet, admission(identity), {}), outlet };
  };

  it('at the identity limit, never evicts a session of another identity', () => {
    const hub = new Hub({ limits: { sessionsPerIdentity: 1 } });
    const ben = open(hub, 'ben');
    hub.leave(ben.session, ben.outlet, 'lost');
    open(hub, 'ann');
    expect(() => open(hub, 'ann')).toThrow(expect.objectContaining({ code: 'too-many' }));
    expect(hub.session(ben.session.id, admission('ben'))).toBe(ben.session);
  });

  it('at the identity limit of a full hub, is not made either, because another session could not help', () => {
    const hub = new Hub({ limits: { sessionsPerIdentity: 1, sessions: 2 } });
    const ben = open(hub, 'ben');
    hub.leave(ben.session, ben.outlet, 'lost');
    open(hub, 'ann');
    expect(() => open(hub, 'ann')).toThrow(expect.objectContaining({ code: 'too-many' }));
    expect(hub.stats()).toMatchObject({ sessions: 2, away: 1 });
  });

  it('is made by a session that is away: one of the same identity first, any other one if the hub is full', () => {
    const hub = new Hub({ limits: { sessionsPerIdentity: 2, sessions: 3 } });
    const [ben, ann] = [open(hub, 'ben'), open(hub, 'ann')];
    for (const { session, outlet } of [ben, ann]) hub.leave(session, outlet, 'lost');
    open(hub, 'ann');
    open(hub, 'ann');
    expect(hub.session(ann.session.id, admission('ann'))).toBeUndefined();
    expect(hub.session(ben.session.id, admission('ben'))).toBe(ben.session);
    open(hub, undefined);
    expect(hub.session(ben.session.id, admission('ben'))).toBeUndefined();
    expect(hub.stats()).toMatchObject({ sessions: 3, away: 0 });
  });
});

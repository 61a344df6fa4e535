import { expect, it } from 'vitest';
import type { Session } from '../sessions/session.js';
import { Names } from './names.js';

/** The names of sessions that come by `open`, and the reports of their use. */
function setUp() {
  const all: Session[] = [];
  const names = new Names(() => all);
  const open = (name?: string): Session => {
    const session = { name: '' } as Session;
    all.push(session);
    void names.add(session, name);
    return session;
  };
  return { all, names, open };
}

it('finds sessions that were named before the first look, and after it', () => {
  const { names, open } = setUp();
  const early = [open('ada'), open('ada'), open('bob')];
  expect(names.sessions('ada')).toEqual(early.slice(0, 2));
  const late = open('ada');
  expect(names.sessions('ada')).toEqual([early[0], early[1], late]);
  expect([names.size, names.isUsed('bob'), names.isUsed('eve')]).toEqual([2, true, false]);
});

it('a session that gets another name, or has ended, is not found by its former one', () => {
  const { all, names, open } = setUp();
  const [one, other] = [open('ada'), open('ada')];
  names.sessions('ada');
  void names.add(one, 'bob');
  expect([names.sessions('ada'), names.sessions('bob')]).toEqual([[other], [one]]);
  all.splice(all.indexOf(other), 1);
  names.delete(other);
  expect([names.isUsed('ada'), other.name]).toEqual([false, 'ada']);
});

it('reports the first session of a name, and the end of the last one', () => {
  const { names, open } = setUp();
  const reports: string[] = [];
  names.onUse = (name, isUsed) => void reports.push(`${isUsed ? '+' : '-'}${name}`);
  const [one, other] = [open('ada'), open('ada')];
  names.delete(one);
  names.delete(one);
  names.delete(other);
  void names.add(one, 'bob');
  expect(reports).toEqual(['+ada', '-ada', '+bob']);
});

it('gives a session without a name a random one, with the prefix of its node', () => {
  const { names, open } = setUp();
  names.prefix = 'node.';
  const { name } = open();
  expect(name).toMatch(/^node\.[\w-]{16}$/);
  expect(names.isUsed(name)).toBe(true);
});

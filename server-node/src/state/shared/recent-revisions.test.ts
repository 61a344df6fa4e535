import { describe, expect, it } from 'vitest';
import type { Revision } from '../../cluster/log.js';
import { RecentRevisions, isSame } from './recent-revisions.js';
import { drawTag } from './tag.js';

const place = (version: number, token: string): Revision['at'] => ({ id: 'e', version, token });

/** Revisions from version 2 on, with these tags. */
function chain(...tags: string[]): Revision[] {
  return tags.map((tag, n) => ({
    tag,
    patch: '[]',
    at: place(n + 2, tag),
    previous: tags[n - 1] ?? 'start',
  }));
}

function recent(revisions: readonly Revision[]): RecentRevisions {
  const found = new RecentRevisions(place(1, 'start'));
  for (const revision of revisions) found.add(revision);
  return found;
}

describe('RecentRevisions', () => {
  it('finds a named update that another node has made', () => {
    const [theirs, mine] = [drawTag('order-7'), drawTag('order-7')];
    const found = recent(chain(drawTag(), theirs, drawTag('order-8')));
    expect(found.find(mine)?.version).toBe(3);
    expect(found.find(drawTag('order'))).toBeUndefined();
  });

  it('two attempts of a named update are not the same revision', () => {
    const [one, other] = [drawTag('order-7'), drawTag('order-7')];
    expect(isSame({ token: one, tag: one }, { token: other, tag: other })).toBe(false);
  });

  it('still finds the later one of two updates with a name when it has dropped the first', () => {
    const found = recent(
      chain(drawTag('order-7'), drawTag('order-7'), ...Array.from({ length: 999 }, () => drawTag())),
    );
    expect(found.after(1)).toBeUndefined();
    expect(found.find(drawTag('order-7'))?.version).toBe(3);
  });

  it('knows no update by name that it has dropped', () => {
    const found = recent(chain(drawTag('order-7'), ...Array.from({ length: 1_000 }, () => drawTag())));
    expect(found.find(drawTag('order-7'))).toBeUndefined();
  });
});

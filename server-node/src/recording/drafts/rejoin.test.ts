import { describe, expect, it } from 'vitest';
import { json } from '../../../test/rig/documents.js';
import { VMap } from '../../state/vmap.js';
import { createRecorder } from '../recorder.js';

interface Part {
  id?: number;
  kids?: Part[];
  [key: string]: unknown;
}
const fresh = () => ({
  todo: [{ id: 1 }, { id: 2 }, { id: 3 }] as Part[],
  done: [] as Part[],
  slots: { a: { id: 7 }, b: null } as Record<string, Part | null>,
  flat: [
    { id: 1, parent: 0 },
    { id: 2, parent: 1 },
    { id: 3, parent: 2 },
  ] as Part[],
  home: { score: 0 } as Part,
  away: { score: 0 } as Part,
});
type Doc = ReturnType<typeof fresh>;

const IDIOMS: readonly [title: string, recipe: (d: Doc) => void][] = [
  [
    'pushed to another list, then spliced',
    (d) => {
      const card = d.todo[0]!;
      d.done.push(card);
      d.todo.splice(0, 1);
      card.finished = true;
    },
  ],
  [
    'pushed to another list, then filtered out',
    (d) => {
      const card = d.todo.find(({ id }) => id === 2)!;
      d.done.push(card);
      d.todo = d.todo.filter((other) => other !== card);
      card.finished = true;
    },
  ],
  [
    'assigned to another member, then set to null',
    (d) => {
      const { a } = d.slots;
      d.slots.b = a!;
      d.slots.a = null;
      a!.moved = true;
    },
  ],
  [
    'exchanged with another member',
    (d) => {
      const { home, away } = d;
      d.home = away;
      d.away = home;
      home.score = 1;
      away.score = 2;
    },
  ],
  [
    'exchanged with a row of another list',
    (d) => {
      d.done.push({ id: 9 });
      const [row] = d.todo;
      const [other] = d.done;
      d.todo[0] = other!;
      d.done[0] = row!;
      row!.at = 'done';
      other!.at = 'todo';
    },
  ],
  [
    'rotated with two other rows',
    (d) => {
      const [a, b, c] = d.todo;
      [d.todo[0], d.todo[1], d.todo[2]] = [b!, c!, a!];
      a!.seat = 2;
      b!.seat = 0;
      c!.seat = 1;
    },
  ],
  [
    'put in another order, index by index',
    (d) => {
      const rows = new Map(d.todo.map((row) => [row.id, row]));
      [3, 1, 2].forEach((id, index) => {
        const row = rows.get(id)!;
        d.todo[index] = row;
        row.position = index;
      });
    },
  ],
  [
    'linked to its parent, then filtered out',
    (d) => {
      const nodes = new Map(d.flat.map((node) => [node.id, node]));
      for (const node of nodes.values()) node.kids = [];
      for (const node of nodes.values()) nodes.get(node.parent as number)?.kids?.push(node);
      d.flat = d.flat.filter(({ parent }) => !parent);
    },
  ],
  [
    'renamed in a loop over the entries',
    (d) => {
      for (const [key, slot] of Object.entries(d.slots)) {
        if (!slot) continue;
        d.slots[`slot-${key}`] = slot;
        delete d.slots[key];
        slot.renamed = true;
      }
    },
  ],
];

describe('a part that is inserted before it is removed', () => {
  it.each(IDIOMS)('%s, is moved: later writes to it count', (_, recipe) => {
    const plain = fresh();
    recipe(plain);
    const recorder = createRecorder(fresh());
    recorder.update((draft) => recipe(draft));
    expect(json(recorder.value)).toEqual(json(plain));
    const live = createRecorder(fresh());
    recipe(live.live());
    expect(json(live.value)).toEqual(json(plain));
  });

  it('is sent as a move', () => {
    const recorder = createRecorder({ ...fresh(), fill: '-'.repeat(200) });
    recorder.update((d) => {
      d.done.push(d.todo[1]!);
      d.todo.splice(1, 1);
    });
    expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'move', from: '/todo/1', path: '/done/0' }]);
  });

  it('is one part afterwards, also for the drafts of its copy', () => {
    const recorder = createRecorder({ ...fresh(), todo: [{ id: 1, kids: [{ id: 2 }] }] as Part[] });
    recorder.update((d) => {
      const [card] = d.todo;
      d.done.push(card!);
      const [copy] = d.done;
      const kid = copy!.kids![0]!;
      card!.title = 'new';
      card!.kids!.unshift({ id: 3 });
      d.todo = [];
      expect(d.done[0]).toBe(card);
      expect(d.done.indexOf(copy!)).toBe(0);
      expect(copy).toEqual({ id: 1, title: 'new', kids: [{ id: 3 }, { id: 2 }] });
      expect(Object.keys(copy!)).toEqual(['id', 'kids', 'title']);
      copy!.by = 'copy';
      kid.by = 'kid';
      delete copy!.title;
    });
    const kids = [{ id: 3 }, { id: 2, by: 'kid' }];
    expect(json(recorder.value.done)).toEqual([{ id: 1, by: 'copy', kids }]);
  });

  it('is where it was if the move is undone', () => {
    const recorder = createRecorder(fresh());
    const before = recorder.value.todo[0];
    recorder.update((d) => {
      const [card] = d.todo;
      d.done.push(card!);
      const move = (): void => {
        d.todo.shift();
        card!.lost = true;
        throw new RangeError('on purpose');
      };
      expect(() => recorder.update(move)).toThrow('on purpose');
      expect(json(d.done)).toEqual([{ id: 1 }]);
      card!.first = true;
      expect(json(d.done)).toEqual([{ id: 1 }]);
      d.todo.shift();
      card!.second = true;
    });
    expect(recorder.value.done[0]).toBe(before);
    expect(before).toEqual({ id: 1, first: true, second: true });
  });

  it('is moved by a nested recipe, too', () => {
    const recorder = createRecorder(fresh());
    recorder.update((d) => {
      const [card] = d.todo;
      recorder.update((inner) => void inner.done.push(inner.todo[0]!));
      d.todo.shift();
      card!.finished = true;
    });
    expect(json(recorder.value.done)).toEqual([{ id: 1, finished: true }]);
  });

  it('is the entry of a VMap that is set under a new key before the old one is deleted', () => {
    const map = new VMap<Part>({ a: { id: 1 } });
    const recorder = createRecorder({ map });
    const entry = map.get('a')!;
    map.set('z', entry);
    map.delete('a');
    entry.n = 2;
    expect(json(recorder.value)).toEqual({ map: { z: { id: 1, n: 2 } } });
  });

  it('counts in later ticks of a live value', async () => {
    const recorder = createRecorder(fresh());
    const live = recorder.live();
    const [card] = live.todo;
    live.done.push(card!);
    recorder.take();
    live.todo.shift();
    recorder.take();
    await Promise.resolve();
    card!.finished = true;
    expect(json(recorder.value.done)).toEqual([{ id: 1, finished: true }]);
    expect(JSON.parse(recorder.take()!)).toEqual([{ op: 'add', path: '/done/0/finished', value: true }]);
  });
});

describe('a part in two places', () => {
  it('a part in two places becomes two parts at the end of the recipe or tick', async () => {
    const recorder = createRecorder(fresh());
    recorder.update((d) => void d.done.push(d.todo[0]!));
    recorder.update((d) => void (d.todo.shift()!.n = 1));
    expect(json(recorder.value.done)).toEqual([{ id: 1 }]);
    const live = recorder.live();
    const [card] = live.todo;
    live.done.push(card!);
    await Promise.resolve();
    live.todo.shift();
    card!.n = 2;
    expect(json(recorder.value.done)).toEqual([{ id: 1 }, { id: 2 }]);
  });

  it('a part in two places becomes two parts if both stay', () => {
    const recorder = createRecorder(fresh());
    recorder.update((d) => {
      d.done.push(d.todo[0]!, d.todo[0]!);
      d.todo[0]!.n = 1;
      d.done[0]!.n = 2;
    });
    expect(json(recorder.value.done)).toEqual([{ id: 1, n: 2 }, { id: 1 }]);
    expect(json(recorder.value.todo[0])).toEqual({ id: 1, n: 1 });
  });

  it('a part in two places may lose its copy, which was an object of its own', () => {
    const recorder = createRecorder(fresh());
    recorder.update((d) => {
      const row = d.todo[0]!;
      d.todo.push(row);
      const copy = d.todo.pop()!;
      copy.id = 4;
      d.todo.splice(1, 0, copy);
      row.n = 1;
    });
    expect(json(recorder.value.todo)).toEqual([{ id: 1, n: 1 }, { id: 4 }, { id: 2 }, { id: 3 }]);
  });

  it('a part in two places may be replaced by its copy', () => {
    const recorder = createRecorder(fresh());
    recorder.update((d) => {
      d.slots.backup = d.home;
      d.home.score = 5;
      d.home = d.slots.backup;
      delete d.slots.backup;
    });
    expect(json(recorder.value.home)).toEqual({ score: 0 });
  });

  const doubts: readonly [title: string, recipe: (d: Doc) => void][] = [
    ['its copy was written', (d) => void (d.done[0]!.n = 1)],
    ['two copies stay', (d) => void d.done.push(d.todo[0]!)],
    ['its copy was taken out and inserted again', (d) => void d.done.push(d.done.pop()!)],
  ];
  it.each(doubts)(
    'a part in two places is an error if it is removed, then written, and %s',
    async (_, doubt) => {
      const errors: unknown[] = [];
      const recorder = createRecorder(fresh(), { onError: (error) => errors.push(error) });
      const remove = (d: Doc): Part => {
        d.done.push(d.todo[0]!);
        doubt(d);
        return d.todo.shift()!;
      };
      const error = expect.objectContaining({ code: 'stale-object' }) as unknown;
      expect(() => recorder.update((d) => void (remove(d).lost = true))).toThrow(error);
      expect(json(recorder.value)).toEqual(fresh());
      recorder.update((d) => void remove(d));
      recorder.update((d) => {
        d.todo.unshift({ id: 1 });
        d.done = [];
        const row = remove(d);
        row.kept = true;
        d.slots.other = row;
      });
      expect(json(recorder.value.slots.other)).toEqual({ id: 1, kept: true });
      const live = recorder.live();
      live.done = [];
      remove(live).lost = true;
      expect(errors).toEqual([]);
      await Promise.resolve();
      expect(errors).toEqual([error]);
    },
  );
});

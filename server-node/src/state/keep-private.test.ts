import { afterEach, describe, expect, it, vi } from 'vitest';
import { LocalState } from './local-state.js';
import { VMap } from './vmap.js';

type Members = Record<string, unknown>;
interface Row {
  $ref: string;
  id: number;
}

const DOCUMENT: Members = {
  $schema: 's',
  list: [{ $ref: '#/a', id: 1 }],
  nested: { a: { $ref: '#/b' }, plain: 1 },
};

/** The ways by which a value gets into a state, each from `{}` or in place of it. */
const WAYS: readonly (readonly [string, (options: { keep$: boolean }) => LocalState<Members>])[] = [
  ['its first value', (options) => new LocalState(structuredClone(DOCUMENT), options)],
  ['set', (options) => change(options, (state) => state.set(structuredClone(DOCUMENT)))],
  [
    'update',
    (options) => change(options, (state) => state.update((draft) => void Object.assign(draft, DOCUMENT))),
  ],
  ['live', (options) => change(options, (state) => void Object.assign(state.live(), DOCUMENT))],
  [
    'a later write to an assigned object',
    (options) =>
      change(options, (state) =>
        state.update((draft) => {
          const nested: Members = {};
          Object.assign(draft, { ...DOCUMENT, nested });
          Object.assign(nested, DOCUMENT.nested);
        }),
      ),
  ],
  [
    'push',
    (options) => {
      const source: Members = {};
      const state = new LocalState(source, options);
      state.push();
      Object.assign(source, structuredClone(DOCUMENT));
      state.push();
      return state;
    },
  ],
];

function change(options: { keep$: boolean }, by: (state: LocalState<Members>) => void): LocalState<Members> {
  const state = new LocalState<Members>({}, options);
  by(state);
  return state;
}

const warnings = () => vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined);

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

describe('members whose name begins with $', () => {
  it.each(WAYS)('are sent with keep$: %s', (_, create) => {
    const warned = warnings();
    expect(create({ keep$: true }).snapshot().body).toEqual(DOCUMENT);
    expect(warned).not.toHaveBeenCalled();
  });

  it.each(WAYS)('are left out by default, with one warning: %s', (_, create) => {
    const warned = warnings();
    expect(create({ keep$: false }).snapshot().body).toEqual({
      list: [{ id: 1 }],
      nested: { a: {}, plain: 1 },
    });
    expect(warned).toHaveBeenCalledTimes(1);
    expect(warned.mock.calls[0]![0]).toMatch(
      /the member at (\/\w+)*\/\$(schema|ref) begins with "\$" and is not sent/,
    );
  });

  it('cause no warning in production, nor as the method $push', () => {
    const warned = warnings();
    const source = Object.defineProperty({ n: 1 }, '$push', { value: () => undefined });
    new LocalState(source).push();
    vi.stubEnv('NODE_ENV', 'production');
    expect(new LocalState(DOCUMENT).snapshot().body).not.toHaveProperty('$schema');
    expect(warned).not.toHaveBeenCalled();
  });

  it('stay in rows that are copied, moved and swapped', () => {
    const rows = [1, 2, 3].map((id) => ({ $ref: `#/${id}`, id }));
    const state = new LocalState<{ rows: Row[]; twin?: Row | undefined }>({ rows }, { keep$: true });
    state.update((draft) => {
      draft.twin = draft.rows[0];
      draft.rows.copyWithin(0, 1, 2);
      [draft.rows[1], draft.rows[2]] = [draft.rows[2]!, draft.rows[1]!];
      draft.rows[1] = draft.rows[2]!;
      draft.rows[0]!.$ref = '#/new';
    });
    expect(state.snapshot().body).toEqual({
      rows: [
        { $ref: '#/new', id: 2 },
        { $ref: '#/2', id: 2 },
        { $ref: '#/2', id: 2 },
      ],
      twin: { $ref: '#/1', id: 1 },
    });
  });

  it('are sent as keys of a VMap, too', () => {
    const create = (keep$: boolean) => {
      const map = new VMap<number>({ $a: 1 });
      const state = new LocalState({ map }, { keep$ });
      map.set('$b', 2);
      return state.snapshot().body;
    };
    expect(create(true)).toEqual({ map: { $a: 1, $b: 2 } });
    const warned = warnings();
    expect(create(false)).toEqual({ map: {} });
    expect(warned).toHaveBeenCalledTimes(1);
  });

  it('leave as deltas', () => {
    const state = new LocalState<Members>({ pad: 'x'.repeat(100), $n: 1 }, { keep$: true });
    state.update((draft) => void (draft.$n = 2));
    expect(state.since(1)).toBe('[{"op":"replace","path":"/$n","value":2}]');
    state.update((draft) => void delete draft.$n);
    expect(state.since(2)).toBe('[{"op":"remove","path":"/$n"}]');
  });
});

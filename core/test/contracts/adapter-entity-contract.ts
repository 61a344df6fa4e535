import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EntitySource } from '../../src/index.js';
import { play, textOf, type AdapterHarness, type Played } from './adapter-harness.js';

/** A row of the contract's server. */
export interface Item {
  readonly name: string;
  readonly price: number;
}

/** A component that shows a row of the entity `items` as the text of {@link textOf}. */
export interface ShownRow {
  readonly element: Element;
  /** Gives the component another row, or a row of another source. */
  readonly switchTo: (id: Id, source?: EntitySource) => void;
  readonly unmount: () => void;
}

export type Id = string | number | null | undefined;

/** A selector of a row. */
export type SelectRow = (row: Item | null | undefined) => unknown;

/** All that a framework contributes to the tests of its entities. */
export interface EntityHarness extends Pick<AdapterHarness, 'act'> {
  readonly show: (source: EntitySource, id: Id, select?: SelectRow) => ShownRow;
}

let urls = 0;

/** The requirements for entities of every adapter, with the real core and a server that the test plays. */
export function adapterEntityContract(name: string, { show, act = (run) => run() }: EntityHarness): void {
  const LAMP = { name: 'Lamp', price: 2 };

  function setUp(): Played & {
    source: EntitySource;
    asked: () => string[];
    left: () => string[];
    row: (id: string, body: Item | null, version?: number) => Promise<void>;
  } {
    const server = play({ mount: () => expect.unreachable(), act });
    const frames = () => server.links.flatMap(({ sent }) => sent);
    return {
      ...server,
      source: { url: `http://h/rows-${++urls}`, ...server.options },
      asked: () =>
        frames().flatMap((frame) =>
          'subscribe' in frame ? frame.subscribe.map(({ topic = '' }) => topic) : [],
        ),
      left: () => frames().flatMap((frame) => ('unsubscribe' in frame ? frame.unsubscribe : [])),
      row: (id, body, version = 1) => server.say({ topic: `items/${id}`, id: 'a', version, body }),
    };
  }

  const mounted: ShownRow[] = [];
  const mount = (...given: Parameters<EntityHarness['show']>): ShownRow => {
    const shown = show(...given);
    mounted.push(shown);
    return shown;
  };
  const later = (ms: number): Promise<void> => act(async () => void (await vi.advanceTimersByTimeAsync(ms)));

  describe(`entities in ${name}`, () => {
    beforeEach(() => void vi.useFakeTimers());
    afterEach(async () => {
      for (const { unmount } of mounted.splice(0)) unmount();
      await later(60_000);
      vi.useRealTimers();
    });

    it('show nothing until the row arrives, then the row and each change of it', async () => {
      const { source, row, say } = setUp();
      const { element } = mount(source, 7);
      expect(element.textContent).toBe('nothing');
      await row('7', LAMP);
      expect(element.textContent).toBe(textOf(LAMP));
      await say({
        topic: 'items/7',
        version: 2,
        delta: true,
        body: [{ op: 'replace', path: '/price', value: 3 }],
      });
      expect(element.textContent).toBe(textOf({ ...LAMP, price: 3 }));
    });

    it('show null for a row that does not exist', async () => {
      const { source, row } = setUp();
      const { element } = mount(source, '7');
      await row('7', null);
      expect(element.textContent).toBe('null');
    });

    it.each([undefined, null])(
      'ask for nothing while the id is %s, and for the row as soon as there is one',
      async (none) => {
        const { source, links, asked, row } = setUp();
        const { element, switchTo } = mount(source, none);
        await later(5_000);
        expect(links).toEqual([]);
        expect(element.textContent).toBe('nothing');
        switchTo(7);
        await row('7', LAMP);
        expect(asked()).toEqual(['items/7']);
        expect(element.textContent).toBe(textOf(LAMP));
      },
    );

    it('leave a row for another one, and for none', async () => {
      const { source, asked, left, row } = setUp();
      const { element, switchTo } = mount(source, 7);
      await row('7', LAMP);
      switchTo(8);
      await row('8', { ...LAMP, name: 'Desk' });
      expect(element.textContent).toContain('Desk');
      expect(asked()).toEqual(['items/7', 'items/8']);
      switchTo(undefined);
      await later(10_000);
      expect(element.textContent).toBe('nothing');
      // Without a row that is wanted, the link itself is closed.
      expect(left()).toContain('items/7');
    });

    it('show the row of another source when they get one', async () => {
      const [one, two] = [setUp(), setUp()];
      const { element, switchTo } = mount(one.source, 7);
      await one.row('7', LAMP);
      switchTo(7, two.source);
      await two.row('7', { ...LAMP, name: 'Desk' });
      expect(element.textContent).toContain('Desk');
      expect(two.asked()).toEqual(['items/7']);
    });

    it('share one subscription of a row, by a number or a text', async () => {
      const { source, asked, row } = setUp();
      const elements = [mount(source, 7), mount(source, '7')].map(({ element }) => element);
      await row('7', LAMP);
      expect(elements.map(({ textContent }) => textContent)).toEqual([textOf(LAMP), textOf(LAMP)]);
      expect(asked()).toEqual(['items/7']);
    });

    it('show the selection of a row', async () => {
      const { source, row } = setUp();
      const { element } = mount(source, 7, (item) => (item === null ? 'none' : (item?.name ?? 'waiting')));
      expect(element.textContent).toBe('"waiting"');
      await row('7', LAMP);
      expect(element.textContent).toBe('"Lamp"');
      await row('7', null, 2);
      expect(element.textContent).toBe('"none"');
    });
  });
}

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { setUp, turn } from '../../test/rig/entity-hub.js';
import { createHub } from '../index.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('ids of rows that are numbers', () => {
  it('notify fetches the row of a number, of a list of numbers, and by the hub', async () => {
    let n = 0;
    const { hub, items, connect } = setUp({ fetch: () => ({ n: ++n }) });
    const client = connect();
    client.want('items/7');
    await turn();
    for (const notify of [
      () => items.notify(7),
      () => items.notify([6, 7]),
      () => hub.entities.notify('items', 7),
      () => hub.entities.notify('items', ['6', 7]),
    ]) {
      client.take();
      notify();
      await turn();
      expect(client.take()).toMatchObject([{ topic: 'items/7', body: { n } }]);
    }
    expect(n).toBe(5);
  });

  it('put sends the row of a number', async () => {
    const { items, connect } = setUp({ fetch: () => ({ n: 1 }) });
    const client = connect();
    client.want('items/7');
    await turn();
    client.take();
    items.put(7, { n: 2 });
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'items/7', body: { n: 2 } }]);
  });

  it('other nodes are told ids as texts', () => {
    const { hub, items } = setUp({ fetch: () => null });
    const send = vi.fn();
    hub.entities.relay = { watch: () => undefined, send };
    items.notify([7, '8']);
    items.put(9, {});
    expect(send.mock.calls).toEqual([
      ['items', ['7', '8'], undefined],
      ['items', ['9'], undefined],
    ]);
  });

  it('fetchMany may resolve with a map whose keys are numbers', async () => {
    const { connect } = setUp({
      fetchMany: (ids) => Promise.resolve(new Map(ids.map((id) => [Number(id), { id }]))),
    });
    const client = connect();
    client.want('items/7');
    await turn();
    expect(client.take()).toMatchObject([{ topic: 'items/7', body: { id: '7' } }]);
  });
});

describe('an id of a row that is neither a text nor a number', () => {
  const items = createHub().entity('items', { fetch: () => null });
  it.each([undefined, null, NaN, Infinity, 7n, {}, true, [['7']], [undefined]])(
    'is refused by notify with its remedy: %s',
    (id) => {
      expect(() => items.notify(id as never)).toThrow(
        expect.objectContaining({
          code: 'bad-option',
          message: expect.stringMatching(
            /^velox: notify\(\) got .+ as the id of a row\. Pass a string, a number, or a list of them\.$/,
          ) as string,
        }),
      );
    },
  );

  it('is refused by put', () => {
    expect(() => items.put(undefined as never, {})).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringContaining('put() got undefined') as string,
      }),
    );
  });

  it('is refused together with the rest of its list, of which nothing is notified', () => {
    const { hub, items } = setUp({ fetch: () => null });
    const send = vi.fn();
    hub.entities.relay = { watch: () => undefined, send };
    expect(() => items.notify(['7', null as never])).toThrow('got null');
    expect(send).not.toHaveBeenCalled();
  });

  it('notify refuses an audience that is no text', () => {
    expect(() => items.notify('7', 5 as never)).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringContaining('got 5 as an audience') as string,
      }),
    );
  });
});

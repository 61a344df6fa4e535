import { connect, createConnection, isVeloxError, type Source } from '@velox/core';
import { afterEach, beforeEach, describe, expect, expectTypeOf, it, vi } from 'vitest';
import {
  createApp,
  createSSRApp,
  defineComponent,
  effectScope,
  h,
  isProxy,
  nextTick,
  onErrorCaptured,
  onMounted,
  reactive,
  ref,
  Suspense,
  watchEffect,
  type Component,
  type ShallowRef,
} from 'vue';
import { renderToString } from 'vue/server-renderer';
import { board, play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import { useEntity, useVelox, useVeloxEvent, useVeloxStatus } from './index.js';

const title = (value: Board | undefined): string | undefined => value?.title;
const setUp = () => play({ mount: () => expect.unreachable() });

function render(component: Component): Element {
  const element = document.body.appendChild(document.createElement('div'));
  const app = createApp(component);
  app.mount(element);
  ends.push(() => app.unmount());
  return element;
}

let ends: (() => void)[] = [];
beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  ends.forEach((end) => end());
  ends = [];
  vi.useRealTimers();
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

describe('useVelox', () => {
  it('ends with its scope', async () => {
    const server = setUp();
    const scope = effectScope();
    const shown = scope.run(() => useVelox(server.replica(), title));
    await server.answer();
    expect(shown?.value).toBe('board');
    scope.stop();
    await vi.advanceTimersByTimeAsync(999);
    expect(server.last().closed).toBe(false);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.last().closed).toBe(true);
  });

  it('follows the state that the selector reads', async () => {
    const server = setUp();
    const index = ref(0);
    const shown = effectScope().run(() =>
      useVelox(server.replica(), (value) => value?.rows[index.value]?.id),
    );
    await server.answer();
    const seen: unknown[] = [];
    watchEffect(() => seen.push(shown?.value), { flush: 'sync' });
    index.value = 1;
    expect(seen).toEqual([1, 2]);
  });

  it('shows the value and its changes when it is called in a mounted hook', async () => {
    const server = setUp();
    let shown: Readonly<ShallowRef<string | undefined>> | undefined;
    let status: ReturnType<typeof useVeloxStatus> | undefined;
    render({
      setup() {
        onMounted(() => {
          shown = useVelox(server.replica(), title);
          status = useVeloxStatus(server.replica());
        });
        return () => 'mounted';
      },
    });
    await server.answer();
    expect([shown?.value, status?.value.state]).toEqual(['board', 'open']);
    await server.title('new');
    expect(shown?.value).toBe('new');
  });

  it('shows a known value in the first render of a component whose vnode is kept and mounted again', async () => {
    const server = setUp();
    const onRender = vi.fn();
    const Shown = defineComponent(() => {
      const shown = useVelox(server.replica(), title);
      return () => {
        onRender(shown.value);
        return h('p', shown.value);
      };
    });
    const kept = h(Shown);
    const isThere = ref(true);
    const element = render(() => (isThere.value ? kept : null));
    await server.answer();
    isThere.value = false;
    await nextTick();
    onRender.mockClear();
    isThere.value = true;
    await nextTick();
    expect(element.textContent).toBe('board');
    expect(onRender.mock.calls).toEqual([['board']]);
  });

  it('starts from a snapshot that `ref` or `reactive` holds, and leaves it changeable', async () => {
    const server = setUp();
    const data = ref({ id: 'a', version: 1, body: { ...board } });
    const source = reactive({ url: '/reactive', initial: data.value, ...server.options });
    const parts = { id: 'a', version: 1, body: { ...board, rows: data.value.body.rows } };
    const shown = effectScope().run(() => [
      useVelox(source as Source<Board>),
      useVelox<Board>({ url: '/ref', initial: data.value, ...server.options }),
      useVelox<Board>({ url: '/parts', initial: parts, ...server.options }),
    ]);
    expect(shown?.map(({ value }) => value)).toEqual([board, board, board]);
    expect(shown?.some(({ value }) => isProxy(value) || isProxy(value?.rows))).toBe(false);
    data.value.body.title = 'mine';
    expect(data.value.body.rows[0]).toEqual({ id: 1, n: 0 });
    expect(shown?.map(({ value }) => value?.title)).toEqual(['board', 'board', 'board']);
    await server.title('new');
    expect(shown?.map(({ value }) => value?.title)).toContain('new');
  });

  it('returns a read-only value', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    const server = setUp();
    const shown = effectScope().run(() => useVelox(server.replica(), title)) as ShallowRef<unknown>;
    await server.answer();
    shown.value = 'mine';
    expect(shown.value).toBe('board');
  });
});

describe('useVelox, awaited', () => {
  const inSuspense = (setup: () => Promise<() => string>, onError = vi.fn()): Element =>
    render(() =>
      h(
        defineComponent(() => {
          onErrorCaptured((error) => {
            onError(error);
            return false;
          });
          return () => h(Suspense, null, { default: h(defineComponent({ setup })), fallback: () => 'wait' });
        }),
      ),
    );

  it('lets Suspense wait for the value, and goes on', async () => {
    const server = setUp();
    const element = inSuspense(async () => {
      const value = await useVelox(server.replica());
      return () => value.value.title;
    });
    expect(element.textContent).toBe('wait');
    await server.answer();
    expect(element.textContent).toBe('board');
    await server.title('new');
    expect(element.textContent).toBe('new');
  });

  it('does not wait for a value that is already present', async () => {
    const server = setUp();
    const leave = server.replica().subscribe(() => {});
    await server.answer();
    const value = await effectScope().run(() => useVelox(server.replica(), title));
    expect(value?.value).toBe('board');
    leave();
  });

  it('keeps no connection if its component was left before it is awaited', async () => {
    const server = setUp();
    const onContinue = vi.fn();
    const Page = defineComponent({
      async setup() {
        const value = useVelox(server.replica());
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        onContinue(await value);
        return () => '';
      },
    });
    const isThere = ref(true);
    render(() => (isThere.value ? h(Suspense, null, { default: h(Page), fallback: () => 'wait' }) : 'gone'));
    await vi.advanceTimersByTimeAsync(0);
    isThere.value = false;
    await vi.advanceTimersByTimeAsync(5_000);
    expect(server.links).toHaveLength(1); // for the component itself
    expect(server.last().closed).toBe(true);
    expect(onContinue).not.toHaveBeenCalled();
  });

  it('throws when the topic is denied', async () => {
    const server = setUp();
    const onError = vi.fn();
    inSuspense(async () => {
      const value = await useVelox(server.replica('secret'));
      return () => value.value.title;
    }, onError);
    await server.say({ denied: 'secret', code: 'forbidden' });
    expect(onError).toHaveBeenCalledOnce();
    expect(isVeloxError(onError.mock.calls[0]?.[0], 'forbidden')).toBe(true);
  });

  it('throws when the connection has ended for good', async () => {
    const sync = createConnection({ url: 'http://h/', transports: [] });
    const waiting = effectScope().run(() => Promise.resolve(useVelox(sync.replica<Board>())));
    const refused = expect(waiting).rejects.toThrow('velox: the connection is closed');
    await vi.advanceTimersByTimeAsync(0);
    sync.close();
    await refused;
  });
});

describe('rendering on a server', () => {
  const initial = { id: 'a', version: 1, body: board };

  it('shows the initial value, also awaited, without connecting', async () => {
    vi.stubGlobal('document', undefined);
    const [fetch, WebSocket] = [vi.fn(), vi.fn()];
    vi.stubGlobal('fetch', fetch);
    vi.stubGlobal('WebSocket', WebSocket);
    const app = createSSRApp({
      async setup() {
        const value = await useVelox<Board>({ url: '/ssr', initial });
        return () => h('p', value.value.title);
      },
    });
    expect(await renderToString(app)).toBe('<p>board</p>');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(fetch).not.toHaveBeenCalled();
    expect(WebSocket).not.toHaveBeenCalled();
  });

  it('leaves no listener on a replica that lives on', async () => {
    const server = setUp();
    let subscribed = 0;
    const replica = server.replica();
    const source = {
      ...replica,
      subscribe: (onChange: () => void) => {
        subscribed++;
        const leave = replica.subscribe(onChange);
        return () => {
          subscribed--;
          leave();
        };
      },
    };
    const app = createSSRApp({
      async setup() {
        const awaited = await useVelox(source, title);
        return () => h('p', awaited.value);
      },
    });
    const html = renderToString(app);
    await server.answer();
    expect(await html).toBe('<p>board</p>');
    expect(subscribed).toBe(0);
  });

  it('throws when an absent value is awaited, instead of waiting for ever', async () => {
    vi.stubGlobal('document', undefined);
    const waiting = effectScope().run(() => Promise.resolve(useVelox<Board>('/ssr')));
    await expect(waiting).rejects.toThrow('Pass `initial`.');
  });

  it('hydrates without a mismatch, and then shows newer values', async () => {
    const server = setUp();
    const complaint = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const Title = (source: Parameters<typeof useVelox<Board>>[0]) =>
      defineComponent(() => {
        const shown = useVelox(source, title);
        const status = useVeloxStatus(source);
        return () => h('p', `${shown.value} ${status.value.state}`);
      });
    vi.stubGlobal('document', undefined);
    const html = await renderToString(createSSRApp(Title({ url: '/hydrate', initial })));
    vi.unstubAllGlobals();
    expect(html).toBe('<p>board idle</p>');
    const source = { url: '/hydrate', initial, ...server.options };
    render(Title(source)); // another part of the page was faster
    await server.title('newer');
    const element = document.body.appendChild(document.createElement('div'));
    element.innerHTML = html;
    const paragraph = element.firstChild;
    const app = createSSRApp(Title(source));
    app.mount(element);
    ends.push(() => app.unmount());
    await nextTick();
    expect(complaint).not.toHaveBeenCalled();
    expect(element.firstChild).toBe(paragraph);
    expect(element.textContent).toBe('newer open');
  });
});

it('hydrates each component with the value that the server rendered for it', async () => {
  const { options } = setUp();
  const complaint = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const part = (source: Parameters<typeof useVelox<{ n: number }>>[0]) =>
    defineComponent(() => {
      const value = useVelox(source);
      return () => h('i', value.value?.n ?? 'none');
    });
  const own = (n: number) => ({ url: '/own', initial: { id: 'a', version: n, body: { n } }, ...options });
  const parts = [part(own(1)), part(own(2)), part('/own')];
  const element = document.body.appendChild(document.createElement('div'));
  element.innerHTML = '<div><i>1</i><i>2</i><i>none</i></div>';
  const app = createSSRApp(() => h('div', parts.map((each) => h(each)))); // prettier-ignore
  app.mount(element);
  ends.push(() => app.unmount());
  await nextTick();
  expect(complaint).not.toHaveBeenCalled();
});

it('receives no events during server rendering', async () => {
  const { options, links } = setUp();
  const sync = connect('http://h/', options);
  const app = createSSRApp({
    setup() {
      useVeloxEvent(sync, 'notice', () => {});
      return () => h('p', 'rendered');
    },
  });
  expect(await renderToString(app)).toBe('<p>rendered</p>');
  await vi.advanceTimersByTimeAsync(10_000);
  expect(links).toEqual([]);
});

/** The value that a component gets of `{ at: Date; ids: number[] }`: JSON, and read-only. */
interface Shown {
  readonly at: string;
  readonly ids: readonly number[];
}

it('the types follow the source', () => {
  const sync = createConnection({ url: 'http://h/', transports: [] });
  effectScope().run(() => {
    expectTypeOf(useVelox<Board>('/sync').value).toEqualTypeOf<Board | undefined>();
    expectTypeOf(useVelox(sync.replica<Board>()).value).toEqualTypeOf<Board | undefined>();
    expectTypeOf(useVelox(() => sync.replica<Board>(), title).value).toEqualTypeOf<string | undefined>();
    expectTypeOf(
      useVelox<Board, number>('/sync', (board) => board?.rows.length ?? 0).value,
    ).toEqualTypeOf<number>();
    expectTypeOf(useVelox<{ at: Date; ids: number[] }>('/sync').value).toEqualTypeOf<Shown | undefined>();
    expectTypeOf(useVelox<Board>('/sync')).resolves.toEqualTypeOf<Readonly<ShallowRef<Board>>>();
  });
});

it('rejects during server rendering if a row is awaited that has no initial value', async () => {
  vi.stubGlobal('document', undefined);
  const app = createSSRApp({
    async setup() {
      const row = await useEntity<string>('http://h/sync', 'items', 7);
      return () => h('p', row.value ?? '');
    },
  });
  await expect(renderToString(app)).rejects.toMatchObject({ code: 'no-transport' });
});

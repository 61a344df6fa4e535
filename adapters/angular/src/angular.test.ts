import '@angular/compiler';
import { connect, createConnection } from '@velox/core';
import {
  createEnvironmentInjector,
  NgZone,
  provideZonelessChangeDetection,
  runInInjectionContext,
  signal,
  type ApplicationRef,
  type EnvironmentInjector,
  type Signal,
} from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { afterEach, beforeEach, expect, expectTypeOf, it, vi } from 'vitest';
import { board, play, type Board } from '../../../core/test/contracts/adapter-harness.js';
import { injectVelox, injectVeloxEvent, injectVeloxStatus } from './index.js';

const title = (value: Board | undefined): string | undefined => value?.title;
const setUp = () => play({ mount: () => expect.unreachable() });

let application: ApplicationRef;
let injector: EnvironmentInjector;
const here = <T>(run: () => T): T => runInInjectionContext(injector, run);
beforeEach(async () => {
  application = await createApplication({ providers: [provideZonelessChangeDetection()] });
  injector = createEnvironmentInjector([], application.injector);
  vi.useFakeTimers();
});
afterEach(() => {
  application.destroy();
  vi.useRealTimers();
});

it('follows what the selector reads', async () => {
  const server = setUp();
  const index = signal(0);
  const shown = here(() => injectVelox(server.replica(), (value) => value?.rows[index()]?.id));
  await server.answer();
  expect(shown()).toBe(1);
  index.set(1);
  expect(shown()).toBe(2);
});

it('ends with its injector', async () => {
  const server = setUp();
  const shown = here(() => injectVelox(server.replica(), title));
  await server.answer();
  expect(shown()).toBe('board');
  injector.destroy();
  await vi.advanceTimersByTimeAsync(1_000);
  expect(server.last().closed).toBe(true);
});

it('misses nothing between its first reading and its first effect', async () => {
  const server = setUp();
  let value = board;
  const shown = here(() => injectVelox({ ...server.replica(), get: () => value }, title));
  expect(shown()).toBe('board');
  value = { ...board, title: 'new' };
  await vi.advanceTimersByTimeAsync(100);
  expect(shown()).toBe('new');
});

it('does not hold back the stability of the application', async () => {
  const server = setUp();
  here(() => injectVelox(server.replica(), title));
  const stable = vi.fn();
  await vi.advanceTimersByTimeAsync(100);
  void application.whenStable().then(stable);
  await vi.advanceTimersByTimeAsync(100);
  expect(server.links).toHaveLength(1); // with no answer
  expect(stable).toHaveBeenCalled();
});

it('connects outside of the zone, whose timers would hold it back', async () => {
  const server = setUp();
  const zone = application.injector.get(NgZone);
  let outside = false;
  vi.spyOn(zone, 'runOutsideAngular').mockImplementation((run) => {
    outside = true;
    const result = run();
    outside = false;
    return result;
  });
  const subscribed: boolean[] = [];
  const subscribe = () => {
    subscribed.push(outside);
    return () => {};
  };
  here(() => injectVelox({ ...server.replica(), subscribe }));
  await vi.advanceTimersByTimeAsync(100);
  expect(subscribed).toEqual([true]);
});

it('listens outside of the zone, and calls the listener inside', async () => {
  const zone = application.injector.get(NgZone);
  let place = '';
  const marked = (name: string) => (run: () => unknown) => {
    const before = place;
    place = name;
    const result = run();
    place = before;
    return result as never;
  };
  vi.spyOn(zone, 'run').mockImplementation(marked('inside'));
  vi.spyOn(zone, 'runOutsideAngular').mockImplementation(marked('outside'));
  const sync = connect('http://h/', setUp().options);
  const places: string[] = [];
  let send: (data: string) => void = () => {};
  const on = ((_: string, listener: typeof send) => {
    places.push(place);
    send = listener;
    return () => {};
  }) as typeof sync.on;
  here(() =>
    injectVeloxEvent({ ...sync, on }, 'notice', (data) => places.push(`${place}: ${data as string}`)),
  );
  await vi.advanceTimersByTimeAsync(100);
  send('saved');
  expect(places).toEqual(['outside', 'inside: saved']);
});

it('requires an injection context', () => {
  expect(() => injectVelox('/sync')).toThrow('NG0203');
  expect(() => injectVeloxStatus('/sync')).toThrow('NG0203');
  expect(() => injectVeloxEvent('/sync', 'notice', () => {})).toThrow('NG0203');
});

/** The value that a component gets of `{ at: Date; ids: number[] }`: JSON, and read-only. */
interface Shown {
  readonly at: string;
  readonly ids: readonly number[];
}

it('the types follow the source', () => {
  const sync = createConnection({ url: 'http://h/', transports: [] });
  here(() => {
    expectTypeOf(injectVelox<Board>('/sync')).toEqualTypeOf<Signal<Board | undefined>>();
    expectTypeOf(injectVelox(() => sync.replica<Board>(), title)).toEqualTypeOf<Signal<string | undefined>>();
    expectTypeOf(injectVelox<{ at: Date; ids: number[] }>('/sync')()).toEqualTypeOf<Shown | undefined>();
    expectTypeOf(injectVelox<Board, number>('/sync', (board) => board?.rows.length ?? 0)).toEqualTypeOf<
      Signal<number>
    >();
  });
});

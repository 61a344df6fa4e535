/** A component that uses a URL, as the README teaches, can be tested with the kit in every framework. */
import '@angular/compiler';
import { provideZonelessChangeDetection } from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import { createTestSync, type TestSync } from '@velox/server/testing';
import angular from 'angular';
import { useSuspenseVelox } from '@velox/react';
import { act, createElement, Suspense, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { mount, unmount } from 'svelte';
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { createApp } from 'vue';
import AngularJsTemplate from 'readme:prices.html';
import { Prices as ReactPrices } from 'readme:Prices.jsx';
import SveltePrices from 'readme:Prices.svelte';
import { Prices as AngularPrices } from 'readme:prices.ts';
import VuePrices from 'readme:Prices.vue';
import 'readme:prices.js';

type Titled = { title: string };
type Show = (element: HTMLElement) => (() => unknown) | Promise<() => unknown>;

const frameworks: Record<string, Show> = {
  React(element) {
    const root = createRoot(element);
    act(() => root.render(createElement(ReactPrices)));
    return () => act(() => root.unmount());
  },
  Vue(element) {
    const app = createApp(VuePrices);
    app.mount(element);
    return () => app.unmount();
  },
  Svelte(target) {
    const component = mount(SveltePrices, { target });
    return () => unmount(component);
  },
  async Angular(element) {
    const application = await createApplication({ providers: [provideZonelessChangeDetection()] });
    application.bootstrap(AngularPrices, element);
    return () => application.destroy();
  },
  AngularJS(element) {
    element.innerHTML = AngularJsTemplate;
    const injector = angular.bootstrap(element, ['app'], { strictDi: true });
    return () => injector.get('$rootScope').$destroy();
  },
};

let stop: (() => unknown) | undefined;
let test: TestSync | undefined;
beforeAll(() => void vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true));
beforeEach(async () => {
  test = await createTestSync({ url: '/sync' });
});
afterEach(async () => {
  await stop?.();
  test?.close();
  document.body.replaceChildren();
});

it.each(Object.entries(frameworks))(
  'a component in %s that names a URL shows the state of the test hub, also after an outage',
  async (_, show) => {
    const { hub, inflict } = test as TestSync;
    const advance = (ms: number): Promise<void> => act(() => (test as TestSync).advance(ms)); // as React asks for it
    const board = hub.state('', { rows: [{ id: 1, price: 10 }] });
    const element = document.body.appendChild(document.createElement('div'));
    stop = await show(element);
    const prices = (): (string | null)[] =>
      [...element.querySelectorAll('li')].map((item) => item.textContent);
    await advance(200);
    expect(prices()).toEqual(['10']);

    inflict({ harm: 'drop' });
    board.update((draft) => void draft.rows.push({ id: 2, price: 12 }));
    await advance(5_000);
    expect(prices()).toEqual(['10', '12']);
  },
);

it('a component that suspends gets its value, although one still waited when the test before ended', async () => {
  const Title = (): ReactNode => createElement('h1', null, useSuspenseVelox<Titled>('/sync').title);
  const render = async (): Promise<() => void> => {
    const root = createRoot(document.body);
    await act(() => {
      root.render(createElement(Suspense, { fallback: 'Loading' }, createElement(Title)));
      return Promise.resolve();
    });
    expect(document.body.textContent).toBe('Loading');
    return () => act(() => root.unmount());
  };
  (await render())();
  test?.close();
  test = await createTestSync({ url: '/sync' });
  test.hub.state('', { title: 'One' });
  stop = await render();
  await act(() => (test as TestSync).advance());
  expect(document.body.textContent).toBe('One');
});

import '@angular/compiler';
import { shared } from '@velox/core';
import { provideZonelessChangeDetection } from '@angular/core';
import { createApplication } from '@angular/platform-browser';
import angular from 'angular';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { mount, unmount } from 'svelte';
import { afterEach, beforeAll, beforeEach, expect, inject, it, vi } from 'vitest';
import { createApp } from 'vue';
import AngularJsTemplate from 'readme:prices.html';
import { Prices as ReactPrices } from 'readme:Prices.jsx';
import SveltePrices from 'readme:Prices.svelte';
import { Prices as AngularPrices } from 'readme:prices.ts';
import VuePrices from 'readme:Prices.vue';
import 'readme:prices.js';
import { until } from '../core/test/contracts/until.js';

/** Shows the example in an element; gives what takes it away. */
type Show = (element: HTMLElement) => (() => unknown) | Promise<() => unknown>;

const examples: Record<string, Show> = {
  React(element) {
    const root = createRoot(element);
    root.render(createElement(ReactPrices));
    return () => root.unmount();
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

const origin = inject('syncServer');
const put = (prices: readonly number[]) =>
  fetch(`${origin}/topics/`, {
    method: 'POST',
    body: JSON.stringify({ rows: prices.map((price, id) => ({ id, price })) }),
  });

let stop: (() => unknown) | undefined;
beforeAll(() => {
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false);
  vi.stubGlobal('WebSocket', undefined); // jsdom's, which is Node's, fails on jsdom's own events
  document.head.appendChild(document.createElement('base')).href = `${origin}/`;
});
beforeEach(() => put([1, 2]));
afterEach(async () => {
  await stop?.();
  shared('/sync').close(); // the next one connects again
  document.body.replaceChildren();
});

it.each(Object.entries(examples))(
  'the example for %s shows the status, then the value, then each change',
  async (_, show) => {
    const element = document.body.appendChild(document.createElement('div'));
    const seen = vi.fn();
    const saw = until(element, (text) => {
      seen(text.replace(/\s+/g, ''));
      return element.querySelectorAll('li').length === 2;
    });
    stop = await show(element);
    await saw;
    expect(seen).toHaveBeenCalledWith('connecting…');
    const prices = () => [...element.querySelectorAll('li')].map((item) => item.textContent);
    expect(prices()).toEqual(['1', '2']);
    await put([1, 3, 4]);
    await until(element, () => prices().join() === '1,3,4');
  },
);

/** The first component of the README renders only the row that changed. */
import { shared } from '@velox/core';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { afterEach, expect, inject, it, vi } from 'vitest';
import { Board } from 'readme:Board.jsx';
import { until } from '../core/test/contracts/until.js';

const rendered = vi.hoisted(() => [] as string[]);

vi.mock('react/jsx-dev-runtime', async (original) => {
  const runtime = await original<typeof import('react/jsx-dev-runtime')>();
  return {
    ...runtime,
    jsxDEV(...args: Parameters<typeof runtime.jsxDEV>) {
      const { children } = args[1] as { children?: unknown };
      if (args[0] === 'p') rendered.push([children].flat().join(''));
      return runtime.jsxDEV(...args);
    },
  };
});

afterEach(() => {
  shared('/sync').close();
  document.body.replaceChildren();
});

it('renders every row once, and afterwards the changed row alone', async () => {
  const origin = inject('syncServer');
  const put = (prices: readonly number[]) =>
    fetch(`${origin}/topics/`, {
      method: 'POST',
      body: JSON.stringify({ rows: prices.map((price, id) => ({ id, name: `row ${id}`, price })) }),
    });
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', false);
  vi.stubGlobal('WebSocket', undefined); // jsdom's own fails on jsdom's own events
  document.head.appendChild(document.createElement('base')).href = `${origin}/`;
  await put([1, 2, 3]);

  const element = document.body.appendChild(document.createElement('div'));
  const root = createRoot(element);
  root.render(createElement(Board));
  await until(element, () => element.querySelectorAll('p').length === 3);
  rendered.length = 0;
  await put([1, 5, 3]);
  await until(element, (text) => text.includes('row 1: 5'));
  root.unmount();
  expect(rendered).toEqual(['row 1: 5']);
});

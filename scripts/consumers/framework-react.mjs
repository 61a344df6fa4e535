import './page.mjs';
import assert from 'node:assert/strict';
import { useVelox } from '@velox/react';
import { createElement, StrictMode, version } from 'react';
import { createRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { serve, until } from './serve.mjs';

const { state, url } = await serve();
const Title = () => createElement('b', null, useVelox(url)?.title ?? 'Loading');
assert.equal(renderToString(createElement(Title)), '<b>Loading</b>');
const root = createRoot(document.body);
root.render(createElement(StrictMode, null, createElement(Title)));
await until(() => document.body.textContent === 'One', 'the first value');
state.update((draft) => void (draft.title = 'Two'));
await until(() => document.body.textContent === 'Two', 'a change');
root.unmount();
console.log(`react ${version}`);
process.exit(0);

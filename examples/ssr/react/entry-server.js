import { createElement, StrictMode } from 'react';
import { renderToString } from 'react-dom/server';
import { App } from './app.jsx';

export const render = (source) =>
  renderToString(createElement(StrictMode, null, createElement(App, { source })));

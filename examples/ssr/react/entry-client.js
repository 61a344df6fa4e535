import { createElement, StrictMode } from 'react';
import { hydrateRoot } from 'react-dom/client';
import { App } from './app.jsx';

const app = createElement(StrictMode, null, createElement(App, { source: window.source }));
hydrateRoot(document.getElementById('app'), app);

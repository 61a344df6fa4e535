import { render as renderApp } from 'svelte/server';
import App from './app.svelte';

export const render = (source) => renderApp(App, { props: { source } }).body;

// A Worker for workerd: each path is a Durable Object of its own, because a Worker's other requests may not share streams.
import * as velox from '@velox/server';
import { createApp } from './app.mjs';

/** Workers have neither random numbers nor timers while a module is loaded. */
const title = velox.state({ text: 'at module level' });
const hub = velox.createHub();
hub.state('', title);

export class Board {
  #app;

  fetch(request) {
    this.#app ??= createApp();
    return this.#app.hub.fetch(request);
  }
}

export default {
  fetch(request, { BOARD }) {
    const { pathname } = new URL(request.url);
    if (pathname === '/title') return hub.fetch(request);
    return BOARD.get(BOARD.idFromName(pathname)).fetch(request);
  },
};

// A Worker for workerd: each path is a Durable Object of its own, because a Worker's other requests may not share streams.
import { createApp } from './app.mjs';

export class Board {
  #app;

  fetch(request) {
    this.#app ??= createApp();
    return this.#app.hub.fetch(request);
  }
}

export default {
  fetch(request, { BOARD }) {
    return BOARD.get(BOARD.idFromName(new URL(request.url).pathname)).fetch(request);
  },
};

// Runs in an empty folder where only the packed tarballs are installed: a server, a client over each transport, a component.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { runInNewContext } from 'node:vm';
import { injectVelox } from '@velox/angular';
import { connect } from '@velox/core';
import { useVelox } from '@velox/react';
import * as velox from '@velox/server';
import { velox as live } from '@velox/svelte';
import { useVelox as useVeloxInVue } from '@velox/vue';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';
import { get } from 'svelte/store';
import { createSSRApp, h } from 'vue';
import { renderToString as renderVueToString } from 'vue/server-renderer';
import { WebSocket } from 'ws';

const board = velox.state({ rows: [{ price: 1 }] });
const server = createServer((request, response) =>
  (request.url?.startsWith('/velox.js') ? velox.JS : board.handle)(request, response),
).listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${server.address().port}/`;

for (const transport of ['websocket', 'sse']) {
  const sync = connect(url, { transport, WebSocket });
  const replica = sync.replica();
  const wanted = Math.random();
  await new Promise((resolve) => {
    let changed = false;
    replica.subscribe(() => {
      if (!changed) board.update((draft) => void (draft.rows[0].price = wanted));
      changed = true;
      if (replica.get().rows[0].price === wanted) resolve();
    });
  });
  assert.deepEqual(replica.get(), board.get());
  assert.equal(sync.status.get().transport, transport);
  sync.close();
}

const source = { url, initial: board.snapshot() };
const price = (value) => value.rows[0].price;
const html = `<b>${price(board.get())}</b>`;

const Price = () => createElement('b', null, useVelox(source, price));
assert.equal(renderToString(createElement(Price)), html);

const app = createSSRApp({
  setup() {
    const shown = useVeloxInVue(source, price);
    return () => h('b', shown.value);
  },
});
assert.equal(await renderVueToString(app), html);

assert.equal(live(source, price).current, price(board.get()));
assert.equal(get(live(source, price)), price(board.get()));

assert.throws(() => injectVelox(source), /NG0203/); // loads, and wants a component

const script = await (await fetch(`${url}velox.js`)).text();
assert.equal(typeof runInNewContext(`${script}; velox`), 'function');
const [query] = /\?more=[\w-]+/.exec(script);
assert.match(await (await fetch(`${url}velox.js${query}`)).text(), /createRecovery/);

board.close();
server.close();
console.log('smoke: the packed packages work in plain Node');

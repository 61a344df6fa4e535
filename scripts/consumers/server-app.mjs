// Bundled for Node: a server and a client in one program.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { connect } from '@velox/core';
import * as velox from '@velox/server';
import { WebSocket } from 'ws';

const state = velox.state({ rows: [{ n: 1 }] });
const server = createServer((request, response) =>
  request.url === '/velox.js' ? velox.JS(request, response) : state.handle(request, response),
);
server.listen(0, '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${server.address().port}/`;
  for (const transport of ['websocket', 'sse', 'polling']) {
    const sync = connect(url, { transport, WebSocket });
    const replica = sync.replica();
    const n = Math.random();
    await new Promise((resolve) => {
      replica.subscribe(() => (replica.get().rows[0].n === n ? resolve() : undefined));
      const stop = replica.subscribe(() => {
        stop();
        state.update((draft) => void (draft.rows[0].n = n));
      });
    });
    sync.close();
  }
  const script = await fetch(`${url}velox.js`);
  // A single file has no script beside it; then the answer says so, and the server lives.
  if (script.status !== 200 && script.status < 400) throw new Error(`velox.js: ${script.status}`);
  console.log(`it works, velox.js ${script.status}`);
  state.close();
  server.close();
  await once(server, 'close');
  process.exit(0);
});

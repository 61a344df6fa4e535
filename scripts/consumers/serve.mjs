import { once } from 'node:events';
import { createServer } from 'node:http';
import * as velox from '@velox/server';

/** Serves a state for the client under test. */
export async function serve() {
  const state = velox.state({ title: 'One' });
  const server = createServer(state.handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { state, url: `http://127.0.0.1:${server.address().port}/sync` };
}

/** Resolves when a test holds; rejects after 10 s. */
export async function until(isSo, what) {
  for (const end = Date.now() + 10_000; !isSo();) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

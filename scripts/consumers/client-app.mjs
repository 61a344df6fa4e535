// Bundled for browsers: it has only what browsers have, and runs in Node without its modules.
import { connect } from '@velox/core';
import { useVelox } from '@velox/react';
import { createElement } from 'react';
import { renderToString } from 'react-dom/server';

const sync = connect(globalThis.SERVER_URL, { transport: 'sse' });
const replica = sync.replica();
replica.subscribe(() => {
  // A server's rendering shows only initial values.
  const View = () => createElement('b', null, useVelox(replica)?.title ?? 'Loading');
  globalThis.SHOW(renderToString(createElement(View)), replica.get().title);
  sync.close();
});

// `run-client.cjs <bundle>`: runs a bundle for browsers, which finds no modules of Node, and serves it a state.
const { readFileSync } = require('node:fs');
const { runInThisContext } = require('node:vm');

import('./serve.mjs').then(async ({ serve }) => {
  const { url } = await serve();
  setTimeout(() => {
    console.error('the client showed nothing');
    process.exit(1);
  }, 20_000);
  Object.assign(globalThis, {
    SERVER_URL: url,
    window: globalThis,
    SHOW(html, title) {
      console.log(html, title);
      process.exit(html === '<b>Loading</b>' && title === 'One' ? 0 : 1);
    },
  });
  const code = readFileSync(process.argv[2], 'utf8');
  if (code.includes('Did you mean')) {
    console.error('a production bundle has the checks of development');
    process.exit(1);
  }
  runInThisContext(code, { filename: process.argv[2] });
});

// A card game with hidden hands: `node examples/cards/server.js`, after `npm run build` in the root. Open the page twice.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createGame } from './game.js';

const { hub } = createGame();
const page = new URL('index.html', import.meta.url);
const core = new URL('../../core/dist/', import.meta.url);

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname === '/sync') return void hub.handle(request, response);
  const file =
    pathname === '/' ? page : /^\/core\/[\w/-]+\.js$/.test(pathname) && new URL(pathname.slice(6), core);
  const content = file && (await readFile(file).catch(() => undefined));
  const type = pathname === '/' ? 'text/html; charset=utf-8' : 'text/javascript';
  response
    .writeHead(content ? 200 : 404, { 'content-type': content ? type : 'text/plain' })
    .end(content || 'not found');
});

server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
});

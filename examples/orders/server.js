// Live orders of a real database: `node examples/orders/server.js`, after `npm run build` in the root.
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { createServer as createVite } from 'vite';
import { openDatabase } from './database.js';
import { createOrders } from './orders.js';

const database = await openDatabase(process.env.DATABASE_URL);
const hub = await createOrders(database);
const server = createServer();
const vite = await createVite({
  root: fileURLToPath(new URL('.', import.meta.url)),
  configFile: false,
  logLevel: 'warn',
  server: { middlewareMode: true, hmr: { server } },
  plugins: [react({ include: /\.jsx$/ })],
});

server.on('request', (request, response) => {
  if (new URL(request.url ?? '/', 'http://localhost').pathname === '/sync') hub.handle(request, response);
  else vite.middlewares(request, response);
});
server.listen(Number(process.env.PORT ?? 3000), () => {
  console.log(`listening on http://localhost:${server.address().port}`);
  if (process.stdin.isTTY) console.log("type SQL: update orders set status = 'sent' where id = 1");
});

// Each line that is typed here is SQL from outside of the application.
let rest = '';
process.stdin.setEncoding('utf8').on('data', async (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  for (const sql of lines.filter((line) => line.trim() !== '')) {
    await database.exec(sql).catch((error) => console.error(error.message));
  }
});

import * as velox from '@velox/server';
import express, { type Express } from 'express';
import { documents } from './documents.js';
import { onlyHosts } from './guard.js';
import { createPlaygroundHub } from './hub.js';
import { machine } from './machine.js';

const { hub, board } = createPlaygroundHub();

/** The playground's server without its pages. Vite's dev server mounts it; `main` adds the built pages. */
export const app: Express = express();
app.disable('x-powered-by');
app.use(onlyHosts(...(process.env.HOST ? [process.env.HOST] : [])));
app.use('/documents', documents());
app.use('/machine', machine.handle);
app.use('/sync', hub.handle);
app.use('/board', velox.handle(board));

/** Closes all connections. */
export async function close(): Promise<void> {
  await Promise.all([machine.close(), hub.close()]);
}

import { checkArgument, expected } from '@velox/core/protocol';
import type { WebServer } from './servers.js';

const SERVER = expected('a server of node:http or node:https', (value) => {
  const { on, emit } = Object(value) as Partial<WebServer>;
  return typeof on === 'function' && typeof emit === 'function';
});
const PATH = expected(
  'a path that begins with "/"',
  (value) => typeof value === 'string' && value.startsWith('/'),
);

/** @throws VeloxError `bad-option`. */
export function checkAttach(server: unknown, path: unknown): void {
  checkArgument('attach()', 'a server', server, SERVER);
  checkArgument('attach()', 'a path', path, PATH);
}

import { dirname, join } from 'node:path';
import { VeloxError } from '@velox/core/protocol';
import * as ws from 'ws';

type WsClasses = Pick<typeof ws, 'WebSocket' | 'WebSocketServer'>;

// A namespace, because a missing named import of the browser build would be a syntax error.
let classes: Partial<WsClasses> = ws;

/** The classes of ws. In a process with the condition `browser`, they exist only after {@link loadWsClasses}. */
export const wsClasses = (): WsClasses => classes as WsClasses;

/**
 * Loads Node's build of ws, if `ws` is its browser build, which has no classes. Test runners and bundlers take that with the condition
 * `browser`. Returns undefined if the classes are there.
 *
 * @throws {VeloxError} `upgrade-unavailable` if Node's build is not found
 */
export function loadWsClasses(): Promise<void> | undefined {
  return typeof classes.WebSocketServer === 'function' ? undefined : load();
}

async function load(): Promise<void> {
  try {
    const { requireWs } = await import('./require-ws.js');
    // by its path, because the `exports` of ws lead to the browser build
    classes = requireWs(join(dirname(requireWs.resolve('ws/package.json')), 'index.js')) as WsClasses;
  } catch (cause) {
    throw new VeloxError('upgrade-unavailable', BROWSER_BUILD, { cause });
  }
}

const BROWSER_BUILD =
  'the browser build of ws was loaded, which cannot serve WebSockets. Use the conditions of Node: in Jest `testEnvironment: "node"`, or ' +
  '"jest-fixed-jsdom" for tests of components; in a bundler the platform `node`, or mark ws as external.';

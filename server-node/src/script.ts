import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { isKnown } from './http/negotiate.js';
import { headerOf } from './transports/request-head.js';
import { takesGzip } from './wire/accept-encoding.js';

/** Serves a script; a request handler for node:http, Express and Connect. */
export type ScriptHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error: unknown) => void,
) => Promise<void>;

/** A script in both encodings. */
interface Script {
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

/** The client's files: the first one, and the one that it loads on need. */
interface Client {
  readonly first: Script;
  readonly more: Script;
}

/** The path at which velox.js finds its second file. Here, one route serves both, so the path becomes a query of its own URL. */
const MORE = './velox-more.js?';
const QUERY = '?more=';

async function read(file: string): Promise<Client> {
  const [first, more] = await Promise.all([
    readFile(file, 'utf8'),
    readFile(join(dirname(file), 'velox-more.js')),
  ]);
  return { first: await encode(Buffer.from(first.replace(MORE, QUERY))), more: await encode(more) };
}

async function encode(plain: Buffer): Promise<Script> {
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  return { etag: `"${hash}"`, plain, gzip: await promisify(gzip)(plain, { level: 9 }) };
}

/**
 * Creates a handler that serves velox.js, and velox-more.js beside it to the same URL with the query `more`. The files are read at the
 * first request. Errors go to `next`; without it the answer is 500.
 *
 * @param find returns the path of velox.js
 */
export function createScriptHandler(find: () => string | Promise<string>): ScriptHandler {
  let client: Promise<Client> | undefined;
  return async (request, response, next) => {
    try {
      client ??= Promise.resolve(find()).then(read);
      const { first, more } = await client;
      if (response.headersSent) return; // other code has answered, for instance a time-out of the application
      const { etag, plain, gzip } = request.url?.includes(QUERY) ? more : first;
      response
        .setHeader('Access-Control-Allow-Origin', '*') // a page of another origin may load the second file, as it may the first
        .setHeader('ETag', etag)
        .setHeader('Cache-Control', 'no-cache')
        .setHeader('Vary', 'Accept-Encoding');
      if (isKnown(headerOf(request, 'if-none-match'), etag)) return void response.writeHead(304).end();
      const zipped = takesGzip(headerOf(request, 'accept-encoding'));
      if (zipped) response.setHeader('Content-Encoding', 'gzip');
      const body = zipped ? gzip : plain;
      response.writeHead(200, {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Content-Length': body.length,
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      client = undefined; // the file may exist the next time
      if (next) next(error);
      else if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    }
  };
}

/**
 * Serves the client as a script that needs no bundler, with the global `velox(url, obj)`.
 *
 * @example app.get('/velox.js', velox.JS)
 */
export const JS: ScriptHandler = createScriptHandler(findClient);

const CLIENT = '@velox/core/velox.js';

/**
 * Finds the client's file. The main entry has no `import.meta`: test runners and bundlers that produce CommonJS cannot load it. There,
 * the file is searched from the program's file and the working directory, by way of this package, whose dependency it is.
 */
async function findClient(): Promise<string> {
  try {
    const { requireFromHere } = await import('./require-from-here.js');
    return requireFromHere.resolve(CLIENT);
  } catch (cause) {
    // Not imported: webpack warns of a path that it cannot know.
    const { createRequire } = process.getBuiltinModule('node:module');
    for (const start of [process.argv[1] ?? '', join(process.cwd(), 'index.js')]) {
      try {
        return createRequire(createRequire(start).resolve('@velox/server/package.json')).resolve(CLIENT);
      } catch {
        // the next starting point may lead to it
      }
    }
    throw new Error(`velox: ${CLIENT} was not found. Install @velox/server next to your bundle.`, { cause });
  }
}

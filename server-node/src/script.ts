import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** Serves a script; a request handler for node:http, Express and Connect. */
export type ScriptHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next?: (error: unknown) => void,
) => Promise<void>;

/** What is served, in both encodings. */
interface Script {
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzip: Buffer;
}

async function read(file: string): Promise<Script> {
  const plain = await readFile(file);
  const hash = createHash('sha256').update(plain).digest('base64url').slice(0, 22);
  return { etag: `"${hash}"`, plain, gzip: await promisify(gzip)(plain, { level: 9 }) };
}

/** Creates a handler that serves the file that `find` names, read at the first request. What fails then goes to `next`, or is a 500. */
export function createScriptHandler(find: () => string): ScriptHandler {
  let script: Promise<Script> | undefined;
  return async (request, response, next) => {
    try {
      script ??= read(find());
      const { etag, plain, gzip } = await script;
      const zipped = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
      response
        .setHeader('ETag', etag)
        .setHeader('Cache-Control', 'no-cache')
        .setHeader('Vary', 'Accept-Encoding');
      if (request.headers['if-none-match']?.includes(etag)) return void response.writeHead(304).end();
      if (zipped) response.setHeader('Content-Encoding', 'gzip');
      const body = zipped ? gzip : plain;
      response.writeHead(200, {
        'Content-Type': 'text/javascript; charset=utf-8',
        'Content-Length': body.length,
      });
      response.end(request.method === 'HEAD' ? undefined : body);
    } catch (error) {
      script = undefined; // it may be there the next time
      if (next) next(error);
      else response.writeHead(500).end();
    }
  };
}

/**
 * Serves the client as a script that needs no bundler, with the global `velox(url, obj)`.
 *
 * @example app.get('/velox.js', velox.JS)
 */
export const JS: ScriptHandler = createScriptHandler(() =>
  createRequire(import.meta.url).resolve('@velox/core/velox.js'),
);

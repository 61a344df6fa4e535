import type { IncomingMessage, ServerResponse } from 'node:http';
import { VeloxError } from '@velox/core/protocol';
import type { Exchange } from './exchange.js';
import { headerOf } from './negotiate.js';
import { FULL } from './outlet.js';

/** An exchange of node:http. */
export function nodeExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  response.on('error', () => undefined); // 'close' follows
  return {
    request,
    head: {
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      header: (name) => headerOf(request, name),
    },
    body(limit) {
      const { body } = request as { body?: unknown };
      if (body !== undefined) return Promise.resolve(Buffer.isBuffer(body) ? body.toString() : body);
      return readText(request, limit);
    },
    answer({ status, headers, body }, more) {
      if (response.headersSent || response.destroyed) return;
      response.writeHead(status, { ...headers, ...more });
      response.end(body);
    },
    stream(headers, onDrain, onClose) {
      response.writeHead(200, headers);
      whenClosed(response, () => onClose(response.writableFinished ? 'ended' : 'closed'));
      return {
        transport: 'sse',
        write(messages) {
          if (response.writableEnded || response.destroyed) return true; // 'close' follows
          response.write(Buffer.concat(messages.map((each) => each.sse)));
          if (response.writableLength < FULL) return true;
          response.once('drain', onDrain);
          return false;
        },
        close: () => void response.end(),
      };
    },
    onAbort: (callback) => whenClosed(response, () => response.writableFinished || callback()),
  };
}

/** Also where it closed before anybody listened. */
function whenClosed(response: ServerResponse, callback: () => void): void {
  if (response.destroyed) queueMicrotask(callback);
  else response.once('close', callback);
}

/** Reads a body by events: to leave an iterator early would destroy the socket, and with it the answer that says why. */
function readText(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(new VeloxError('too-large', `a body has more than ${limit} bytes.`));
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    const broken = (cause?: unknown): void =>
      reject(new VeloxError('bad-frame', 'the body broke off.', { cause }));
    request.once('error', broken);
    request.once('close', broken);
  });
}

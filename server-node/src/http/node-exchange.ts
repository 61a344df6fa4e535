import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream } from 'node:http2';
import { VeloxError } from '@velox/core/protocol';
import type { Exchange } from '../transports/exchange.js';
import { headerOf } from '../transports/request-head.js';
import { NodeStream } from '../transports/sse/node-stream.js';
import { chooseForm } from '../transports/sse/stream-form.js';
import { CompressingOutlet } from '../wire/compressing-outlet.js';

/**
 * An exchange of node:http.
 *
 * @param isLast whether the connection is to end with the answer
 */
export function nodeExchange(
  request: IncomingMessage,
  response: ServerResponse,
  isLast: () => boolean = () => false,
): Exchange {
  response.on('error', () => undefined); // 'close' follows
  const begin = (status: number, headers: Readonly<Record<string, string>>): void => {
    const other = response.getHeader('vary');
    if (!other) response.writeHead(status, headers);
    else
      response.writeHead(status, {
        ...headers,
        vary: [other, headers.vary].flat().filter(Boolean).join(', '),
      });
  };
  return {
    request,
    head: {
      method: request.method ?? 'GET',
      url: request.url ?? '/',
      header: (name) => headerOf(request, name),
    },
    async body(limit) {
      // A parser of Express 4 sets {} if it has not read the stream, so `body` is the content only if the stream
      // was read.
      if (!request.readableEnded) return readText(request, limit);
      const { body } = request as { body?: unknown };
      if (body === undefined) {
        throw new VeloxError(
          'bad-frame',
          'the body was read before. Leave it alone, or leave it in request.body.',
        );
      }
      return Buffer.isBuffer(body) ? body.toString() : body;
    },
    answer({ status, headers, body, bytes }, more) {
      if (response.headersSent || response.destroyed) return;
      if (isLast()) response.shouldKeepAlive = false;
      begin(status, { ...headers, ...more });
      response.end(bytes ?? body);
    },
    stream(given, { isCompressible, onDrain, onClose }) {
      // A response that other code encodes takes no second encoding.
      const accepted = response.hasHeader('content-encoding')
        ? undefined
        : headerOf(request, 'accept-encoding');
      const { form, headers } = chooseForm(given, isCompressible, accepted);
      const start = (): boolean => {
        if (response.headersSent) {
          // Other code has answered, for instance a time-out of the application.
          queueMicrotask(() => onClose('answered elsewhere'));
          return false;
        }
        response.shouldKeepAlive = false; // else the connection would wait idle after it, and keep a process from its end
        begin(200, headers);
        whenClosed(response, () => onClose(response.writableFinished ? 'ended' : 'closed'));
        return true;
      };
      const create = (drained: () => void): NodeStream => new NodeStream(response, form, start, drained);
      return form === 'gzip' ? new CompressingOutlet(form, create, onDrain) : create(onDrain);
    },
    onAbort: (callback) => whenClosed(response, () => response.writableFinished || callback()),
  };
}

/** Also if it closed before a listener was added. A response of HTTP/2 shows that by its stream alone. */
function whenClosed(response: ServerResponse & { stream?: Http2Stream }, callback: () => void): void {
  if (response.destroyed || response.stream?.destroyed) queueMicrotask(callback);
  else response.once('close', callback);
}

/** Reads a body by events: to leave an iterator early would destroy the socket, and with it the answer that says why. */
function readText(request: IncomingMessage, limit: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (data: Buffer | string) => {
      // Text, if other code has set an encoding. An error in this listener would end the process.
      const chunk = typeof data === 'string' ? Buffer.from(data, request.readableEncoding ?? 'utf8') : data;
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(new VeloxError('too-large', `a body has more than ${limit} bytes.`));
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    const broken = (cause?: unknown): void =>
      reject(new VeloxError('bad-frame', 'the body broke off.', { cause }));
    if (request.destroyed) broken();
    request.once('error', broken);
    request.once('close', broken);
  });
}

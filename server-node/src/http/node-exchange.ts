import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Http2Stream } from 'node:http2';
import type { Exchange } from '../transports/exchange.js';
import { headerOf, targetOf } from '../transports/request-head.js';
import { NodeStream } from '../transports/sse/node-stream.js';
import { chooseForm } from '../transports/sse/stream-form.js';
import { CompressingOutlet } from '../wire/compressing-outlet.js';
import { bodyOf } from './node-body.js';

/**
 * An exchange of node:http.
 *
 * @param isLast whether the connection is to end with the answer
 * @param longest the longest body that any caller accepts, in bytes
 */
export function nodeExchange(
  request: IncomingMessage,
  response: ServerResponse,
  isLast: () => boolean = () => false,
  longest = 0,
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
      url: targetOf(request),
      header: (name) => headerOf(request, name),
    },
    body: bodyOf(request, longest),
    answer({ status, headers, body, bytes }, more) {
      if (response.headersSent || response.destroyed) return;
      if (isLast()) response.shouldKeepAlive = false;
      const { stream } = response as { stream?: Http2Stream };
      const { connection, ...others } = headers;
      begin(status, { ...(stream ? others : headers), ...more });
      if (request.method === 'HEAD') response.end();
      else response.end(bytes ?? body);
      // HTTP/2 has no such header. There, the stream of a request ends, and others of its connection go on.
      if (connection === 'close') stream?.close();
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
        whenClosed(response, () => onClose(response.writableFinished ? 'ended' : 'closed'));
        try {
          begin(200, headers);
        } catch (error) {
          response.destroy(); // a hook of middleware failed: there is no other answer
          throw error;
        }
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

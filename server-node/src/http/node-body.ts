import type { IncomingMessage } from 'node:http';
import { VeloxError } from '@velox/core/protocol';

/**
 * Returns a function that reads the body of a request of node:http, as `Exchange.body` does.
 *
 * @param longest the longest body that any caller accepts, in bytes
 */
export function bodyOf(request: IncomingMessage, longest: number): (limit: number) => Promise<unknown> {
  const isPartRead = request.readableDidRead && !request.readableEnded;
  const isReadAlong = request.readableFlowing && !request.readableDidRead;
  // Other code reads at the same time: the bytes that come before the first call would be lost.
  const early = isReadAlong ? readText(request, longest) : undefined;
  early?.catch(() => undefined); // the caller gets the error
  return async (limit) => {
    const text = await early;
    if (text !== undefined) {
      if (Buffer.byteLength(text) > limit) throw tooLarge(limit);
      return text;
    }
    // A parser of Express 4 sets {} if it has not read the stream, so `body` is the content only if the stream
    // was read.
    if (!request.readableEnded && !isPartRead) return readText(request, limit);
    const { body } = request as { body?: unknown };
    if (body === undefined || !request.readableEnded) {
      throw new VeloxError(
        'bad-frame',
        'the body was read before. Leave it alone, or leave it in request.body.',
      );
    }
    return Buffer.isBuffer(body) ? body.toString() : body;
  };
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
      else reject(tooLarge(limit));
    });
    request.once('end', () => resolve(Buffer.concat(chunks).toString()));
    const broken = (cause?: unknown): void =>
      reject(new VeloxError('bad-frame', 'the body broke off.', { cause }));
    if (request.destroyed) broken();
    request.once('error', broken);
    request.once('close', broken);
  });
}

const tooLarge = (limit: number): VeloxError =>
  new VeloxError('too-large', `a body has more than ${limit} bytes.`);

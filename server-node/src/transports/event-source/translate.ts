import type { ServerFrame } from '@velox/core/protocol';
import { Message } from '../../wire/message.js';

/** A frame of a session as a plain event stream carries it. */
export interface Translation {
  readonly frame: ServerFrame;
  /** The event; undefined if a stream has no form for the frame. */
  readonly message: Message | undefined;
}

/** By the message: an event to many is translated once. */
type Cache = WeakMap<Message, Translation>;
const caches: { readonly json: Cache; readonly text: Cache } = { json: new WeakMap(), text: new WeakMap() };

/** A comment, which clients ignore. */
const PING: Message = raw(':\n\n');

/** Creates a part of an event stream that is written as it is. */
export function raw(text: string): Message {
  return new Message(text, { isRaw: true });
}

/** How long a client waits before it reconnects, in ms. */
export function retryBlock(ms: number): Message {
  return raw(`retry: ${Math.round(ms)}\n\n`);
}

/**
 * Sets the client's Last-Event-ID. An id alone would do in browsers (HTML §9.2.6), but eventsource-parser, which most clients outside of
 * browsers use, ignores the id of a block that it does not dispatch. So the block is an event with empty data, which has no listener.
 */
export function idBlock(id: string): Message {
  return raw(`id: ${id}\nevent: $id\ndata:\n\n`);
}

/** Tells a client how many events of its session were lost so far. */
export function droppedBlock(count: number): Message {
  return eventBlock('$dropped', count, false);
}

/** Tells a client that its former session is gone, and any number of events with it. */
export const LOST: Message = raw('event: $dropped\ndata: null\n\n');

/** @param isText whether data that is a string is sent as it is, not as JSON */
export function translate(message: Message, isText: boolean): Translation {
  const cache = isText ? caches.text : caches.json;
  let translation = cache.get(message);
  if (!translation) {
    const frame = JSON.parse(message.text) as ServerFrame;
    cache.set(message, (translation = { frame, message: messageOf(frame, isText) }));
  }
  return translation;
}

function messageOf(frame: ServerFrame, isText: boolean): Message | undefined {
  if ('ping' in frame) return PING;
  if ('dropped' in frame) return droppedBlock(frame.dropped);
  if (!('event' in frame) || frame.call !== undefined) return undefined;
  const name = frame.channel === undefined ? frame.event : `${frame.channel}/${frame.event}`;
  return eventBlock(name, frame.data, isText);
}

/**
 * Creates one event. JSON contains no line end. Each line of a text becomes a data line, whatever ends it (CR LF, LF or CR), so that
 * data cannot add a field. A name has no control characters: `emit` refuses them.
 */
export function eventBlock(event: string, data: unknown, isText: boolean): Message {
  const lines = isText && typeof data === 'string' ? data.split(/\r\n|[\r\n]/) : [JSON.stringify(data)];
  return raw(`event: ${event}\n${lines.map((line) => `data: ${line}\n`).join('')}\n`);
}

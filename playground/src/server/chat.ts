import { CallError, type Hub, type State } from '@velox/server';
import { MAX_MESSAGE, ROOMS } from '../chat/rooms.js';
import type { App, Chat, ChatRoom, Person } from '../contract.js';

/** Most messages that a room keeps. */
const KEPT = 50;

/** Publishes the messages of each room as the topic `chat/<room>`, and answers `say` and `me`. */
export function serveChat(hub: Hub<App, Person>): void {
  const chats = new Map<unknown, { readonly room: ChatRoom; readonly chat: State<Chat> }>(
    ROOMS.map(({ id }) => [id, { room: id, chat: hub.state(`chat/${id}`, { messages: [] }) }]),
  );
  let count = 0;

  hub.answer('me', ({ context: visitor }) => visitor);

  hub.answer('say', (session, data) => {
    const input = (data ?? {}) as Record<string, unknown>;
    const known = chats.get(input.room);
    if (!known || !session.rooms.includes(known.room)) {
      throw new CallError('not-here', 'You are not in this room. Join it first.');
    }
    const text = checkText(input.text);
    known.chat.update(({ messages }) => {
      messages.push({ id: ++count, from: session.context, text, at: Date.now() });
      if (messages.length > KEPT) messages.shift();
    });
    return null;
  });
}

function checkText(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') throw new CallError('bad-text', 'A message needs a text.');
  if (text.length > MAX_MESSAGE) {
    throw new CallError('bad-text', `A message takes ${MAX_MESSAGE} characters; this has ${text.length}.`);
  }
  return text;
}

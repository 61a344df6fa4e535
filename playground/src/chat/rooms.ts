import type { ChatRoom } from '../contract.js';

/** The rooms of the chat, for server and page. */
export const ROOMS: readonly { readonly id: ChatRoom; readonly title: string }[] = [
  { id: 'lobby', title: 'Lobby' },
  { id: 'ideas', title: 'Ideas' },
  { id: 'help', title: 'Help' },
];

/** Longest text of a message, in UTF-16 units. */
export const MAX_MESSAGE = 500;

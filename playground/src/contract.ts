import type { PresenceMembers } from '@velox/core';
import type { Board, ColumnId } from './model.js';

/** The contract of `/sync`, the one connection of board and chat: types alone, shared by server and page. */
export interface App {
  topics: { board: Board; 'presence/board': PresenceMembers<Shown, Cursor> } & {
    [R in ChatRoom as `chat/${R}`]: Chat;
  } & { [R in ChatRoom as `presence/${R}`]: PresenceMembers<Shown, Typing> };
  calls: {
    /** Returns the server's name for this visitor. */
    me: [null, Person];
    say: [{ room: ChatRoom; text: string }, null];
  } & { [N in keyof EditInputs]: [EditInputs[N] & Delay, null] };
  rooms: ChatRoom | 'board';
}

export type ChatRoom = 'lobby' | 'ideas' | 'help';

/** A visitor as others see it. */
export interface Person extends Shown {
  id: string;
}

export interface Shown {
  name: string;
  /** The hue of the visitor's colour, in degrees. */
  hue: number;
}

export interface Typing {
  typing: boolean;
}

/** A pointer over the board; null while it is elsewhere. */
export type Cursor = CursorPosition | null;

export interface CursorPosition {
  column: string;
  /** Share of the column's width, from 0 to 1. */
  x: number;
  /** Pixels from the top of the column. */
  y: number;
}

export interface Chat {
  /** The newest ones, oldest first. */
  messages: Message[];
}

export interface Message {
  id: number;
  from: Person;
  text: string;
  /** In ms since 1970. */
  at: number;
}

/** The edits of the board, by the names of their calls. */
export interface EditInputs {
  addCard: { id: string; column: ColumnId; text: string };
  editCard: { id: string; text: string };
  /** `index` is counted without the card itself. */
  moveCard: { id: string; column: ColumnId; index: number };
  deleteCard: { id: string };
}

export interface Delay {
  /** Whether the server waits before it makes the edit, so that people see the optimism. */
  isSlow: boolean;
}

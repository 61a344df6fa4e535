/** The board's rules: each edit takes a (draft of a) board and unchecked input, and changes it or throws. */
import type { EditInputs } from '../contract.js';
import { MAX_TEXT, type Board, type Card, type Column } from '../model.js';

/** Most cards that a board holds. */
const MAX_CARDS = 200;

type Code = 'bad-request' | 'bad-id' | 'bad-text' | 'bad-column' | 'bad-index' | 'no-card' | 'full';

/** An edit that the board refuses. `message` is fit for people. */
export class BoardError extends Error {
  override readonly name = 'BoardError';
  readonly code: Code;

  constructor(code: Code, message: string) {
    super(message);
    this.code = code;
  }
}

/** Appends a card. Input: `{ column, text }`. */
export function addCard(board: Board, input: unknown, id: string): void {
  const { column, text } = fields(input);
  const { cards } = columnOf(board, column);
  const card = { id, text: checkText(text) };
  if (board.columns.reduce((sum, other) => sum + other.cards.length, 0) >= MAX_CARDS) {
    throw new BoardError('full', `The board holds ${MAX_CARDS} cards at most. Delete one first.`);
  }
  cards.push(card);
}

/** Changes a card's text. Input: `{ text }`. */
export function editCard(board: Board, id: string, input: unknown): void {
  const text = checkText(fields(input).text);
  find(board, id).card.text = text;
}

/** Moves a card to the place `index` of a column, counted without the card itself. Input: `{ column, index }`. */
export function moveCard(board: Board, id: string, input: unknown): void {
  const { column, index } = fields(input);
  const target = columnOf(board, column).cards;
  if (!Number.isSafeInteger(index) || (index as number) < 0) {
    throw new BoardError('bad-index', 'The index must be a whole number from 0.');
  }
  const { cards, card, at } = find(board, id);
  cards.splice(at, 1);
  target.splice(index as number, 0, card);
}

/** Deletes a card. */
export function deleteCard(board: Board, id: string): void {
  const { cards, at } = find(board, id);
  cards.splice(at, 1);
}

function fields(input: unknown): Record<string, unknown> {
  if (typeof input !== 'object' || input === null) {
    throw new BoardError('bad-request', 'Send a JSON object.');
  }
  return input as Record<string, unknown>;
}

function checkText(value: unknown): string {
  const text = typeof value === 'string' ? value.trim() : '';
  if (text === '') throw new BoardError('bad-text', 'A card needs a text.');
  if (text.length > MAX_TEXT) {
    throw new BoardError('bad-text', `A card takes ${MAX_TEXT} characters; this has ${text.length}.`);
  }
  return text;
}

function columnOf(board: Board, id: unknown): Column {
  const column = board.columns.find((candidate) => candidate.id === id);
  if (!column) throw new BoardError('bad-column', 'There is no such column.');
  return column;
}

function find(board: Board, id: string): { cards: Card[]; card: Card; at: number } {
  for (const { cards } of board.columns) {
    const at = cards.findIndex((card) => card.id === id);
    const card = cards[at];
    if (card) return { cards, card, at };
  }
  throw new BoardError('no-card', 'This card is gone: someone deleted it.');
}

/** The edits by the names of their calls. The server runs them on the board, and the page runs them on a draft before the answer. */
export const EDITS = {
  addCard: (board, input) => addCard(board, input, newId(board, input)),
  editCard: (board, input) => editCard(board, idOf(input), input),
  moveCard: (board, input) => moveCard(board, idOf(input), input),
  deleteCard: (board, input) => deleteCard(board, idOf(input)),
} satisfies Record<keyof EditInputs, (board: Board, input: unknown) => void>;

export const EDIT_NAMES = Object.keys(EDITS) as (keyof EditInputs)[];

function idOf(input: unknown): string {
  const { id } = fields(input);
  return typeof id === 'string' ? id : '';
}

/** The page chooses the id of a new card, so that the card keeps it when the answer arrives. */
function newId(board: Board, input: unknown): string {
  const id = idOf(input);
  const isTaken = board.columns.some(({ cards }) => cards.some((card) => card.id === id));
  if (!/^[0-9a-f]{32}$/.test(id) || isTaken) {
    throw new BoardError('bad-id', 'A new card needs an id of 32 random hexadecimal digits.');
  }
  return id;
}

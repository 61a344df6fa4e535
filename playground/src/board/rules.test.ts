import { beforeEach, describe, expect, it } from 'vitest';
import { MAX_TEXT, type Board } from '../model.js';
import { addCard, BoardError, deleteCard, EDITS, editCard, moveCard } from './rules.js';

let board: Board;
const texts = (): string[][] => board.columns.map(({ cards }) => cards.map(({ text }) => text));

/** The code of the error that an edit throws, after checking that the board is as it was. */
function refusal(edit: () => void): string {
  const before = structuredClone(board);
  try {
    edit();
  } catch (error) {
    expect(board).toEqual(before);
    if (error instanceof BoardError) return error.code;
    throw error;
  }
  return 'accepted';
}

beforeEach(() => {
  const cards = (names: string): { id: string; text: string }[] =>
    [...names].map((name) => ({ id: name, text: name }));
  board = {
    columns: [
      { id: 'todo', title: 'To do', cards: cards('abc') },
      { id: 'doing', title: 'Doing', cards: cards('x') },
      { id: 'done', title: 'Done', cards: [] },
    ],
  };
});

describe('adding', () => {
  it('appends a card with its text trimmed', () => {
    addCard(board, { column: 'doing', text: '  new\n' }, 'n');
    expect(board.columns[1]?.cards[1]).toEqual({ id: 'n', text: 'new' });
  });

  it('takes a text of exactly the limit', () => {
    addCard(board, { column: 'done', text: 'y'.repeat(MAX_TEXT) }, 'n');
    expect(board.columns[2]?.cards).toHaveLength(1);
  });

  it.each([
    ['no object', undefined, 'bad-request'],
    ['null', null, 'bad-request'],
    ['no column', { text: 'new' }, 'bad-column'],
    ['an unknown column', { column: '__proto__', text: 'new' }, 'bad-column'],
    ['no text', { column: 'todo' }, 'bad-text'],
    ['a text that is no string', { column: 'todo', text: ['new'] }, 'bad-text'],
    ['a blank text', { column: 'todo', text: ' \n ' }, 'bad-text'],
    ['a text above the limit', { column: 'todo', text: 'y'.repeat(MAX_TEXT + 1) }, 'bad-text'],
  ])('refuses %s', (_what, input, code) => {
    expect(refusal(() => addCard(board, input, 'n'))).toBe(code);
  });

  it('refuses a card beyond the limit', () => {
    for (let n = 4; n < 200; n++) addCard(board, { column: 'todo', text: 'filler' }, `n${n}`);
    expect(refusal(() => addCard(board, { column: 'done', text: 'one more' }, 'n'))).toBe('full');
  });
});

describe('moving', () => {
  it('moves within a column, the index counted without the card', () => {
    moveCard(board, 'a', { column: 'todo', index: 2 });
    expect(texts()[0]).toEqual(['b', 'c', 'a']);
    moveCard(board, 'a', { column: 'todo', index: 0 });
    expect(texts()[0]).toEqual(['a', 'b', 'c']);
  });

  it('moves to another column, at the end when the index is beyond it', () => {
    moveCard(board, 'b', { column: 'doing', index: 99 });
    expect(texts()).toEqual([['a', 'c'], ['x', 'b'], []]);
  });

  it.each([
    ['an unknown card', 'q', { column: 'todo', index: 0 }, 'no-card'],
    ['an unknown column', 'a', { column: 'later', index: 0 }, 'bad-column'],
    ['a negative index', 'a', { column: 'done', index: -1 }, 'bad-index'],
    ['a broken index', 'a', { column: 'done', index: 0.5 }, 'bad-index'],
    ['an index that is no number', 'a', { column: 'done', index: '0' }, 'bad-index'],
  ])('refuses %s', (_what, id, input, code) => {
    expect(refusal(() => moveCard(board, id, input))).toBe(code);
  });
});

describe('editing and deleting', () => {
  it('changes the text of one card', () => {
    editCard(board, 'x', { text: ' why ' });
    expect(texts()).toEqual([['a', 'b', 'c'], ['why'], []]);
  });

  it('deletes one card', () => {
    deleteCard(board, 'b');
    expect(texts()).toEqual([['a', 'c'], ['x'], []]);
  });

  it('refuses cards that do not exist and values that are no texts', () => {
    expect(refusal(() => editCard(board, 'q', { text: 'new' }))).toBe('no-card');
    expect(refusal(() => deleteCard(board, 'q'))).toBe('no-card');
    expect(refusal(() => editCard(board, 'a', { text: '' }))).toBe('bad-text');
  });
});

describe('edits by name', () => {
  const id = '0123456789abcdef'.repeat(2);

  it('changes the board by the data of a call', () => {
    EDITS.addCard(board, { id, column: 'done', text: 'new' });
    EDITS.editCard(board, { id, text: 'newer' });
    EDITS.moveCard(board, { id, column: 'doing', index: 0 });
    EDITS.deleteCard(board, { id: 'a' });
    expect(texts()).toEqual([['b', 'c'], ['newer', 'x'], []]);
  });

  it('refuses a new card whose id is no random text or is taken, and data without an id', () => {
    EDITS.addCard(board, { id, column: 'done', text: 'new' });
    expect(refusal(() => EDITS.addCard(board, { id, column: 'done', text: 'new' }))).toBe('bad-id');
    expect(refusal(() => EDITS.addCard(board, { id: 7, column: 'done', text: 'new' }))).toBe('bad-id');
    expect(refusal(() => EDITS.deleteCard(board, { id: ['a'] }))).toBe('no-card');
    expect(refusal(() => EDITS.deleteCard(board, null))).toBe('bad-request');
  });
});

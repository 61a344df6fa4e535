import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as velox from '@velox/server';
import express from 'express';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Board } from '../model.js';
import { boardRoutes } from './board-routes.js';

let board: velox.Published<Board>;
let server: Server;

beforeEach(async () => {
  board = velox.state<Board>({
    columns: [
      { id: 'todo', title: 'To do', cards: [{ id: 'a', text: 'one' }] },
      { id: 'done', title: 'Done', cards: [] },
    ],
  });
  server = createServer(express().use('/board', boardRoutes(board)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const JSON_TYPE = { 'content-type': 'application/json' };

/** The status and, if there is one, the code of the error. */
async function send(method: string, path: string, body?: string, headers = JSON_TYPE): Promise<string> {
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/board/cards${path}`;
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  const text = await response.text();
  const { error } = JSON.parse(text || '{}') as { error?: { code: string; message: string } };
  if (error) expect(error.message).not.toBe('');
  return error ? `${response.status} ${error.code}` : String(response.status);
}

it('adds, moves, edits and deletes', async () => {
  expect(await send('POST', '', '{"column":"done","text":"two"}')).toBe('201');
  expect(await send('POST', '/a/move', '{"column":"done","index":0}')).toBe('204');
  expect(await send('POST', '/a', '{"text":"first"}')).toBe('204');
  expect(board.snapshot().body.columns.map(({ cards }) => cards.map(({ text }) => text))).toEqual([
    [],
    ['first', 'two'],
  ]);
  expect(await send('DELETE', '/a')).toBe('204');
  expect(board.get().columns[1]?.cards).toHaveLength(1);
});

it.each([
  ['a broken body', '{"column":', JSON_TYPE, '400 bad-request'],
  [
    'a body of another type',
    '{"column":"todo","text":"x"}',
    { 'content-type': 'text/plain' },
    '400 bad-request',
  ],
  ['a body above the limit', `{"column":"todo","text":"${'x'.repeat(5000)}"}`, JSON_TYPE, '413 too-large'],
  ['a blank text', '{"column":"todo","text":" "}', JSON_TYPE, '400 bad-text'],
])('refuses %s with a code, and changes nothing', async (_what, body, headers, answer) => {
  const before = board.position();
  expect(await send('POST', '', body, headers)).toBe(answer);
  expect(board.position()).toEqual(before);
});

it('refuses edits of a card that is gone', async () => {
  expect(await send('POST', '/q', '{"text":"x"}')).toBe('404 no-card');
  expect(await send('DELETE', '/q')).toBe('404 no-card');
});

import { randomUUID } from 'node:crypto';
import type { State } from '@velox/server';
import express, { type ErrorRequestHandler, type Router } from 'express';
import type { Board } from '../model.js';
import { addCard, BoardError, deleteCard, editCard, moveCard } from './board.js';

/** The edits of a board as HTTP routes. They answer a rejected request with `{"error":{code,message}}`. */
export function boardRoutes(board: State<Board>): Router {
  const routes = express.Router();
  // JSON alone, which a page of another origin cannot send without asking first.
  routes.use('/cards', express.json({ limit: '4kb' }));
  routes.post('/cards', (req, res) => {
    const id = randomUUID();
    board.update((draft) => addCard(draft, req.body, id));
    res.status(201).json({ id });
  });
  routes.post('/cards/:id/move', (req, res) => {
    board.update((draft) => moveCard(draft, req.params.id, req.body));
    res.status(204).end();
  });
  routes.post('/cards/:id', (req, res) => {
    board.update((draft) => editCard(draft, req.params.id, req.body));
    res.status(204).end();
  });
  routes.delete('/cards/:id', (req, res) => {
    board.update((draft) => deleteCard(draft, req.params.id));
    res.status(204).end();
  });
  routes.use('/cards', answerErrors);
  return routes;
}

const answerErrors: ErrorRequestHandler = (error, _req, res, next) => {
  if (error instanceof BoardError) {
    res.status(error.status).json({ error: { code: error.code, message: error.message } });
  } else if (isParserError(error)) {
    const code = error.status === 413 ? 'too-large' : 'bad-request';
    res
      .status(error.status)
      .json({ error: { code, message: 'The request is not JSON, or larger than 4 kB.' } });
  } else {
    next(error);
  }
};

/** An error that the body parser made for the client's sake. */
function isParserError(error: unknown): error is { status: number } {
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  return typeof status === 'number' && status < 500 && expose === true;
}

/** The example of a card game: two clients play, and neither is sent a card of the other or of the deck. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { createGame, type Table } from '../examples/cards/game.js';

const CARD = /[♠♥♦♣](?:10|[2-9JQKA])/g;

const { hub, game } = createGame();
const server = createServer((request, response) => void hub.handle(request, response));
afterEach(async () => {
  await hub.close();
  server.close();
});

/** A client that keeps the text of everything that it is sent. */
async function play(port: number, name: string): Promise<{ texts: string[]; draw: () => void }> {
  const socket = new WebSocket(`ws://localhost:${port}/sync?velox=3`);
  const texts: string[] = [];
  socket.on('message', (data: Buffer) => texts.push(data.toString()));
  await once(socket, 'open');
  const send = (frame: object): void => socket.send(JSON.stringify(frame));
  send({ open: { token: name } });
  send({ subscribe: [{ topic: 'game' }] });
  await vi.waitFor(() => expect(texts.join()).toContain('"left"'), 10_000);
  let seq = 0;
  return { texts, draw: () => send({ event: 'draw', data: null, seq: ++seq }) };
}

it('sends each player its own hand and no other card', async () => {
  server.listen(0);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const [ann, ben] = [await play(port, 'ann'), await play(port, 'ben')];
  for (let round = 0; round < 5; round++) {
    ann.draw();
    ben.draw();
    if (round % 2) ben.draw();
  }
  await vi.waitFor(() => expect(game.get().deck).toHaveLength(52 - 12), 10_000);
  const handOf = (name: string): readonly string[] =>
    game.get().players.find((player) => player.name === name)?.hand ?? [];
  for (const [name, { texts }] of [
    ['ann', ann],
    ['ben', ben],
  ] as const) {
    await vi.waitFor(() => expect(new Set(texts.join().match(CARD))).toEqual(new Set(handOf(name))), 10_000);
  }
  expect(handOf('ann')).toHaveLength(5);
  expect(handOf('ben')).toHaveLength(7);
  const table: Table = game.snapshot('ann').body;
  expect(table).toMatchObject({ left: 40 });
  expect(table.players.map(({ hand }) => (typeof hand === 'number' ? hand : 'mine')).sort()).toEqual([
    7,
    'mine',
  ]);
});

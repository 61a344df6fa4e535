import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** One round trip of all members, in ms. */
const PERIOD = 50;

const START = {
  presence: (mine) => [
    { subscribe: [{ topic: 'presence/lobby' }] },
    { event: '$presence', data: { room: 'lobby', mine }, call: 1, seq: 1 },
  ],
  events: () => [{ event: '$join', data: 'lobby', call: 1, seq: 1 }],
};
const MOVE = {
  presence: (mine) => ({ event: '$presence', data: { room: 'lobby', mine }, seq: 0 }),
  events: (mine) => ({ event: 'at', data: mine, seq: 0 }),
};

/** Opens the members of one room; each moves 20 times a second, at a time of its own. */
export async function enter(kind, port, count) {
  let messages = 0;
  let moves = 0;
  let isMoving = false;
  const members = await Promise.all(
    Array.from({ length: count }, async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/?velox=3`);
      await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
      const say = (frame) => socket.send(JSON.stringify(frame));
      say({ open: {} });
      await new Promise((resolve) => socket.once('message', resolve));
      for (const frame of START[kind]({ x: 0, y: 0 })) say(frame);
      socket.on('message', () => messages++);
      return { socket, say };
    }),
  );
  members.forEach(({ say }, at) => {
    setTimeout(
      () =>
        setInterval(() => {
          if (isMoving) say(MOVE[kind]({ x: ++moves % 1_000, y: at }));
        }, PERIOD).unref(),
      (at * PERIOD) / count,
    );
  });
  return {
    /** Moves for so many ms; returns messages and moves per second. */
    async move(ms) {
      const before = { messages, moves };
      isMoving = true;
      await sleep(ms);
      isMoving = false;
      const perSecond = (now, then) => ((now - then) * 1_000) / ms;
      return { messages: perSecond(messages, before.messages), moves: perSecond(moves, before.moves) };
    },
    close: () => members.forEach(({ socket }) => socket.terminate()),
  };
}

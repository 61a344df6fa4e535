import { expect, it } from 'vitest';
import { PresenceRoom } from './presence-room.js';

it.each(['toString', 'valueOf', 'hasOwnProperty'])('shows a member with the id %s', (id) => {
  const room = new PresenceRoom(0);
  const method = Reflect.get(Object.prototype, id) as object;
  room.enter({ outlet: {} }, { id, who: { nick: 'T' } }, 'one');
  expect(JSON.parse(room.state.text())).toHaveProperty(id, expect.objectContaining({ who: { nick: 'T' } }));
  expect(Object.keys(method)).toEqual([]);
});

import { Rooms as OriginalRooms } from '../../../src/messaging/rooms.js';
export * from '../../../src/messaging/rooms.js';

/** A session that ends stays in its rooms. */
export class Rooms extends OriginalRooms {
  override leaveAll(): void {}
}

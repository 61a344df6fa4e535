import { checkArgument, option } from '@velox/core/protocol';

/**
 * Returns the rooms that an application named, one or several.
 *
 * @param owner names the function in the message
 * @throws VeloxError `bad-option` for a room that is no text: it would have no members.
 */
export function roomList(owner: string, rooms: unknown): readonly string[] {
  const all: readonly unknown[] = Array.isArray(rooms) ? rooms : [rooms];
  for (const room of all) checkArgument(owner, 'a room', room, option.text);
  return all as readonly string[];
}

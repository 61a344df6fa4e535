/** The rooms by which a cast chooses its recipients. */
export interface RoomSelection {
  /** A recipient is in one of them. Default: all sessions. */
  readonly rooms?: readonly string[] | undefined;
  /** A recipient is in none of them. Default: none. */
  readonly notIn?: readonly string[] | undefined;
}

/** Whether a cast chooses a session that is in these rooms. */
export function chooses({ rooms, notIn }: RoomSelection, joined: ReadonlySet<string>): boolean {
  const isIn = (room: string): boolean => joined.has(room);
  return (rooms?.some(isIn) ?? true) && !notIn?.some(isIn);
}

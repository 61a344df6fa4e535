/** One member of a room, as clients see it. */
export interface PresenceMember<Shown = unknown, Mine = unknown> {
  /** The member as the server's `of` shows it. */
  readonly who: Shown;
  /** When the member came, in ms since 1970. */
  readonly since: number;
  /** The data that the member's sessions show, by the name of the session. */
  readonly at: { readonly [session: string]: Mine };
  /** Present while no session of the member has a link. */
  readonly away?: true;
}

/** The members of a room by their id: the value of the topic `presence/<room>`. */
export interface PresenceMembers<Shown = unknown, Mine = unknown> {
  readonly [id: string]: PresenceMember<Shown, Mine>;
}

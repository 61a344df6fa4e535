import type { Session } from '../sessions/session.js';
import type { Topics } from '../topics/topics.js';

/** Asks again for the rights of sessions to the topics that `filter` chooses. Resolves when all answers have arrived. */
export async function recheck(
  topics: Topics,
  sessions: Iterable<Session>,
  filter: (context: unknown, topic: string) => boolean,
): Promise<void> {
  const asked = [...sessions].flatMap((session) =>
    session.topics.names
      .filter((topic) => filter(session.context, topic))
      .map((topic) => topics.ask(session, topic)),
  );
  await Promise.all(asked);
}

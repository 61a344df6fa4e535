import type { Log, Place } from '@velox/server/backplane';
import { nats } from '@velox/server/nats';
import type { FakeNatsClient } from './fake-jetstream.js';

/** A value that takes several messages. */
export const LONG = JSON.stringify('x'.repeat(2_000_000));

export const logOf = (client: FakeNatsClient): Log => nats(client, client.jetstream).log;

/** Appends one revision to `topic`, and returns the head. */
export async function append(log: Log, at: Place, tag: string, patch = '[]'): Promise<Place> {
  const result = await log.append('topic', at, [{ tag, patch }]);
  if (!result.ok) throw new Error('refused');
  return result.at;
}

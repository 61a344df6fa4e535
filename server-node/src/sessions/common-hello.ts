import { PROTOCOL_VERSION, type Limits } from '@velox/core/protocol';

/** Returns the members of `hello` that are the same for all sessions, as a JSON object: to encode them takes longer than the others. */
export function commonHello(heartbeat: number, limits: Limits): string {
  return JSON.stringify({ protocol: PROTOCOL_VERSION, heartbeat, limits });
}

import { polling, sse, websocket, type Transport } from '@velox/core';
import type { MemoryNetwork } from '../../src/testing/memory-network.js';
import type { Way } from './plan.js';

/** Returns the transports of a client, the preferred one first. */
export function waysOf(way: Way, { WebSocket }: MemoryNetwork): readonly (Transport | undefined)[] {
  return {
    websocket: [websocket(WebSocket), sse(), polling()],
    sse: [sse(), polling()],
    polling: [polling(), sse()],
  }[way];
}

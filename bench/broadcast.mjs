/** The server: one change to many clients, against sockets that write a prebuilt message. */
import { binary } from './broadcast/binary.mjs';
import { casts } from './broadcast/casts.mjs';
import { events } from './broadcast/events.mjs';
import { joins } from './broadcast/joins.mjs';
import { memory } from './broadcast/memory.mjs';
import { CHANGES, DEFLATE, GZIP } from './broadcast/payload.mjs';
import { rounds, withRunners } from './broadcast/rig.mjs';
import { stall } from './broadcast/stall.mjs';
import { stopped } from './broadcast/stopped.mjs';
import { topics } from './broadcast/topics.mjs';
import { aside, atMost, times } from './harness.mjs';

const SESSIONS = Number(process.env.VELOX_SESSIONS ?? 1_000);
const ROUNDS = 7;
/** Updates in a turn. */
const UPDATES = 25;

const us = (time) => `${time.toPrecision(3)} us`;

/** Races contenders, each with its sessions; `reach` is for velox, per update / raw. */
async function fanOut(what, reach, contenders) {
  return withRunners(contenders, async (runners) => {
    for (const runner of runners.values()) {
      await runner.open(SESSIONS);
      await runner.publish(10, SESSIONS);
    }
    const result = await rounds(runners, ROUNDS, (runner) => runner.publish(UPDATES, SESSIONS));
    const share = contenders.velox.topics ?? 1;
    const note = (label) =>
      `${label} ${us(result.median(label) / (label === 'velox' ? share : 1))}, ${Math.round(result.median(label, 'bytes'))} B`;
    const alike = 'ws, context takeover';
    const shares = alike in contenders && result.median('velox', 'bytes') / result.median(alike, 'bytes');
    const peers = Object.keys(contenders).filter((label) => !['raw', 'velox'].includes(label));
    return [
      atMost(
        `${what} / raw`,
        result.ratio('velox', 'raw') / share,
        reach,
        times,
        `${note('velox')}; ${note('raw')}`,
      ),
      ...(shares ? [atMost(`${what}: bytes / a window for each client`, shares, 1.1, times)] : []),
      ...peers.map((label) =>
        aside(`${what}: ${label} / raw`, times(result.ratio(label, 'raw')), note(label)),
      ),
    ];
  });
}

/** The races, by the words that select them: `VELOX_ROWS=websocket,gzip`. */
const RACES = {
  async websocket() {
    const rows = [];
    for (const [size, changes] of Object.entries(CHANGES)) {
      rows.push(
        ...(await fanOut(`WebSocket, ${size}`, 1.25, {
          raw: { who: 'raw', changes },
          velox: { who: 'velox', changes },
          ws: { who: 'ws', changes },
          crossws: { who: 'crossws', changes },
          'socket.io': { who: 'socket.io', changes },
          '@colyseus/schema': { who: '@colyseus/schema', changes },
        })),
      );
    }
    return rows;
  },
  topics: () =>
    fanOut('WebSocket, 10 topics in one tick, per revision', 0.25, {
      raw: { who: 'raw', changes: 1 },
      velox: { who: 'velox', changes: 1, topics: 10, messages: 10 },
    }),
  async deflate() {
    const rows = [];
    for (const [size, changes] of Object.entries(CHANGES)) {
      rows.push(
        ...(await fanOut(`permessage-deflate, ${size}`, 1.25, {
          raw: { who: 'raw', changes },
          velox: { who: 'velox', changes, compressed: true, headers: DEFLATE },
          'ws, context takeover': { who: 'ws', changes, compressed: true, headers: DEFLATE },
          'ws, no context takeover': { who: 'ws', changes, compressed: 'alone', headers: DEFLATE },
          'socket.io': { who: 'socket.io', changes, compressed: true, headers: DEFLATE },
        })),
      );
    }
    return rows;
  },
  async sse() {
    const rows = [];
    for (const [size, changes] of Object.entries(CHANGES)) {
      rows.push(
        ...(await fanOut(`SSE, ${size}`, 1.25, {
          raw: { who: 'raw sse', changes },
          velox: { who: 'velox sse', changes },
          'better-sse': { who: 'better-sse', changes },
        })),
      );
    }
    return rows;
  },
  async gzip() {
    const rows = [];
    for (const [size, changes] of Object.entries(CHANGES)) {
      rows.push(
        ...(await fanOut(`SSE gzip, ${size}`, 1.3, {
          raw: { who: 'raw sse', changes },
          velox: { who: 'velox sse', changes, compressed: true, headers: GZIP },
          'gzip each': { who: 'gzip each', changes, headers: GZIP },
        })),
      );
    }
    return rows;
  },
  memory,
  joins,
  events,
  casts,
  'idle topics': topics,
  binary,
  stall,
  stopped,
};

export const title = 'broadcast: CPU of the server per client and update';
export async function run() {
  const names = process.env.VELOX_ROWS?.split(',') ?? Object.keys(RACES);
  const rows = [];
  for (const name of names) rows.push(...(await RACES[name]()));
  return rows;
}

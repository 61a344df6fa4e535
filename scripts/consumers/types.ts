// Type-checked by each TypeScript and module resolution: every entry, with its inferred types.
import { connect, shallow, type Replica, type Status, type Sync } from '@velox/core';
import type { ServerFrame } from '@velox/core/protocol';
import { createFakeTransport } from '@velox/core/testing';
import { useVelox, useVeloxStatus } from '@velox/react';
import * as velox from '@velox/server';
import { createTestSync } from '@velox/server/testing';
import { useVelox as useVeloxInVue } from '@velox/vue';
import { velox as svelte } from '@velox/svelte';
import { injectVelox } from '@velox/angular';

interface App {
  topics: { board: { rows: { price: number }[] } };
  clientEvents: { add: { price: number } };
}

const hub = velox.createHub<App>();
const board = hub.state('board', { rows: [{ price: 1 }] });
board.update((draft) => {
  draft.rows.push({ price: 2 });
});
// @ts-expect-error The contract has no such topic.
hub.state('other', 1);

const sync: Sync<App> = connect<App>('http://localhost/sync');
const replica: Replica<{ rows: { price: number }[] }> = sync.replica('board');
const price: number | undefined = useVelox(replica, (value) => value?.rows[0]?.price);
const status: Status = useVeloxStatus(replica);
export const frames: ServerFrame[] = [];
export const all: unknown[] = [
  price,
  status,
  shallow,
  createFakeTransport,
  createTestSync,
  useVeloxInVue,
  svelte,
  injectVelox,
];

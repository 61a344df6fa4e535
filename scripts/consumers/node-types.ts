// Type-checked without the types of a browser: a Node program that uses the server, the client and the test kit.
import { connect, type Sync } from '@velox/core';
import * as velox from '@velox/server';
import { createTestSync } from '@velox/server/testing';

interface App {
  topics: { board: { rows: { price: number }[] } };
  clientEvents: { add: { price: number } };
}

const hub = velox.createHub<App>();
hub.state('board', { rows: [] });
const sync: Sync<App> = connect<App>('http://localhost/sync', { credentials: 'omit' });
export const price: number | undefined = sync.replica('board').get()?.rows[0]?.price;
export const all: unknown[] = [createTestSync];

/** What stands between a page and its server: a service worker that forwards requests, and Vite's development proxy. */
import { once } from 'node:events';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, test, type Page } from '@playwright/test';
import * as velox from '@velox/server';
import { createServer as createVite, type ViteDevServer } from 'vite';
import { Fixture } from './fixture.js';

/** A service worker as applications have it: it takes over immediately, and forwards every request. */
const WORKER = `
addEventListener('install', () => skipWaiting());
addEventListener('activate', (event) => event.waitUntil(clients.claim()));
addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));
`;

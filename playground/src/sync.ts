import { createVelox } from '@velox/react';
import type { App } from './contract.js';
import { transport } from './transport.js';
import { windowToken } from './window-token.js';

/** The endpoint of board and chat. */
export const SYNC = { url: '/sync', transport, auth: windowToken } as const;

export const { useVelox, useVeloxStatus, usePresence, sync } = createVelox<App>(SYNC);

import { randomBytes } from 'node:crypto';
import { isVeloxError, VeloxError } from '@velox/core/protocol';
import { answerOf } from './answer-of.js';
import type { PostgresPoolClient } from './client.js';

/** Sends itself a notification, because behind a pooler that changes connections LISTEN succeeds and nothing arrives. */
export async function checkDelivery(client: PostgresPoolClient): Promise<void> {
  const channel = `velox:self:${randomBytes(9).toString('base64url')}`;
  const heard = new Promise<void>((resolve, reject) => {
    client.on('notification', (message: { channel: string }) => {
      if (message.channel === channel) resolve();
    });
    client.on('error', reject);
    client.on('end', () => reject(ended()));
  });
  heard.catch(() => {}); // it may be lost before it is waited for
  await answerOf(client.query({ text: `LISTEN "${channel}"` }));
  await answerOf(client.query({ text: `NOTIFY "${channel}"` }));
  await answerOf(heard).catch((cause: unknown) => {
    if (!isVeloxError(cause, 'timeout')) throw cause;
    throw new VeloxError(
      'not-supported',
      'PostgreSQL delivers no notifications on this connection. If a pooler is between, pass a direct pool as `listen`.',
      { cause },
    );
  });
  await answerOf(client.query({ text: `UNLISTEN "${channel}"` }));
}

export const ended = (): VeloxError =>
  new VeloxError('unavailable', 'PostgreSQL has ended the connection. Look at its log.');

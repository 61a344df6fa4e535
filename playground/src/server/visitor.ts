import { createHash } from 'node:crypto';
import { VeloxError, type Credentials } from '@velox/server';
import type { Person } from '../contract.js';

const FIRST = [
  'Ann',
  'Ben',
  'Cleo',
  'Dan',
  'Eve',
  'Finn',
  'Gus',
  'Hana',
  'Ida',
  'Jo',
  'Kim',
  'Leo',
  'Mia',
  'Nils',
  'Ola',
  'Pia',
];
const LAST = [
  'Ash',
  'Birch',
  'Cedar',
  'Dogwood',
  'Elm',
  'Fir',
  'Ginkgo',
  'Hazel',
  'Ivy',
  'Juniper',
  'Larch',
  'Maple',
  'Oak',
  'Pine',
  'Rowan',
  'Willow',
];

/**
 * Names the visitor behind a token. The token is a secret of its window, and the public name follows from its hash: a visitor keeps the
 * name after a restart of the server, and no visitor can take the name of another.
 *
 * @throws VeloxError `unauthorized` for a token that is missing or too short.
 */
export function visitorOf({ token }: Pick<Credentials, 'token'>): Person {
  if (token === undefined || token.length < 16) {
    throw new VeloxError('unauthorized', 'the token is missing or too short. Send 16 random characters.');
  }
  const hash = createHash('sha256').update(token).digest();
  const name = `${FIRST[hash.readUInt8(0) % 16]} ${LAST[hash.readUInt8(1) % 16]}`;
  return { id: hash.toString('hex', 4, 16), name, hue: Math.round((hash.readUInt8(2) / 256) * 360) };
}

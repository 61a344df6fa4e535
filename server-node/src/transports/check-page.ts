import { VeloxError } from '@velox/core/protocol';
import { isTrusted } from '../access/origin.js';
import type { Hub } from '../hub/hub.js';
import type { RequestHead } from './request-head.js';

/**
 * Refuses a request that comes from a page of another origin. The first one of each origin is logged.
 *
 * @throws VeloxError `bad-origin`.
 */
export function checkPage(hub: Hub, { header }: RequestHead): void {
  const origin = header('origin');
  if (isTrusted(origin, header('host'), hub.origins, header('sec-fetch-site'))) return;
  const advice = `a page of ${origin} was refused. If it is yours, name its origin in the option \`origins\`.`;
  hub.observer.once('refused origin', `${origin}`, advice, { origin });
  throw new VeloxError(
    'bad-origin',
    'pages of this origin are not served here. Name it in the option `origins`.',
  );
}

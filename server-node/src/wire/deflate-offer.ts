/** The forms a server may send to a client that has offered permessage-deflate: independent messages, or also a shared window. */
export type Deflation = 'none' | 'alone' | 'shared';

const OFFER = /^permessage-deflate\s*(;|$)/;
const PARAMETERS =
  /^permessage-deflate(\s*;\s*(server_no_context_takeover|client_no_context_takeover|client_max_window_bits(\s*=\s*"?\d+"?)?))*$/;

/**
 * Returns the result of a client's `Sec-WebSocket-Extensions` (RFC 7692 §5.1). An offer with anything else, also with a smaller
 * window for the server (§7.1.2.1: a message that is compressed once for all has one size), is declined; if a client has made
 * several, all are declined.
 */
export function deflationOf(header: string | undefined): Deflation {
  const offers = (header ?? '')
    .split(',')
    .map((offer) => offer.trim())
    .filter((offer) => OFFER.test(offer));
  if (offers.length === 0 || !offers.every((offer) => PARAMETERS.test(offer))) return 'none';
  return offers.some((offer) => offer.includes('server_no_context_takeover')) ? 'alone' : 'shared';
}

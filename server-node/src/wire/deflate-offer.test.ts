import { expect, it } from 'vitest';
import { deflationOf } from './deflate-offer.js';

it.each([
  [undefined, 'none'],
  ['x-webkit-deflate-frame', 'none'],
  ['permessage-deflate', 'shared'],
  ['permessage-deflate; client_max_window_bits', 'shared'], // Chromium, ws
  ['permessage-deflate;client_max_window_bits="12" , x-other', 'shared'],
  ['permessage-deflate; client_no_context_takeover', 'shared'],
  ['permessage-deflate; server_no_context_takeover', 'alone'],
  ['permessage-deflate; server_no_context_takeover, permessage-deflate', 'alone'],
  ['permessage-deflate; server_max_window_bits=10', 'none'],
  ['permessage-deflate; server_max_window_bits=10, permessage-deflate', 'none'],
  ['permessage-deflate; unheard_of', 'none'],
])('Sec-WebSocket-Extensions: %s: %s', (header, deflation) => {
  expect(deflationOf(header)).toBe(deflation);
});

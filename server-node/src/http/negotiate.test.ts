import { expect, it } from 'vitest';
import { isKnown } from './negotiate.js';

const tag = '"abc:7"';

it.each([tag, `W/${tag}`, '*', ' * ', `"x", ${tag}`, `W/"x",W/${tag}`, `"a,b", ${tag}`])(
  'If-None-Match: %s knows the tag',
  (header) => {
    expect(isKnown(header, tag)).toBe(true);
  },
);

it.each([undefined, '', '"abc:8"', 'abc:7', '"x", "y"', 'W/"abc:70"', '"*"'])(
  'If-None-Match: %s does not know it',
  (header) => {
    expect(isKnown(header, tag)).toBe(false);
  },
);

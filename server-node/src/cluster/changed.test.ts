import { expect, it } from 'vitest';
import { changedRow } from './changed.js';

it('a message about a changed row may have a text or a number as key', () => {
  expect(changedRow('["items","7"]')).toEqual(['items', '7']);
  expect(changedRow('["items",7]')).toEqual(['items', '7']);
});

it.each(['', '7', '{}', '["items"]', '["items",null]', '[7,"items"]', '["items","7",1]'])(
  'a message of another program is ignored: %s',
  (data) => {
    expect(changedRow(data)).toBeUndefined();
  },
);

import { presenceOf } from '@velox/core';
import { useMemo, type HTMLAttributes } from 'react';
import type { Cursor, Shown } from '../contract.js';
import { sync } from '../sync.js';

/** Shows a mouse over a column to the other visitors. The column needs `Cursors`, which enters the room. */
export function useCursor(
  column: string,
): Pick<HTMLAttributes<HTMLElement>, 'onPointerMove' | 'onPointerLeave'> {
  return useMemo(() => {
    const presence = presenceOf<Cursor, Shown>(sync(), 'board');
    return {
      onPointerMove({ pointerType, clientX, clientY, currentTarget }) {
        if (pointerType !== 'mouse') return; // a finger does not hover
        const { left, top, width } = currentTarget.getBoundingClientRect();
        const x = Math.round(((clientX - left) / width) * 1_000) / 1_000;
        presence.set({ column, x, y: Math.round(clientY - top) });
      },
      onPointerLeave: () => presence.set(null),
    };
  }, [column]);
}

import { useLayoutEffect, useRef, type RefObject } from 'react';

/** Milliseconds that a row takes to its new place: done before the next sample. */
const DURATION = 300;

/**
 * Lets the rows of a table slide to their new places when their order changes. All rows are of one height, so nothing but
 * that needs to be measured. `ids` are the rows' keys in order.
 */
export function useSliding(ids: readonly number[]): RefObject<HTMLTableSectionElement | null> {
  const body = useRef<HTMLTableSectionElement>(null);
  const places = useRef<ReadonlyMap<number, number>>(new Map());
  useLayoutEffect(() => {
    const rows = body.current?.rows;
    const before = places.current;
    places.current = new Map(ids.map((id, place) => [id, place]));
    if (!rows?.[0] || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    const height = rows[0].offsetHeight;
    ids.forEach((id, place) => {
      const last = before.get(id);
      if (last === undefined || last === place) return;
      rows[place]?.animate(
        [{ transform: `translateY(${(last - place) * height}px)` }, { transform: 'none' }],
        { duration: DURATION, easing: 'cubic-bezier(0.2, 0, 0, 1)' },
      );
    });
  }, [ids]);
  return body;
}

import { useLayoutEffect, useRef, type RefObject } from 'react';

/** Milliseconds of the fade: it ends before the next sample. */
const DURATION = 400;

/**
 * Fades in the rows of a table that change places. They do not slide, because sliding rows would cover each other. `ids` are the rows'
 * keys in order.
 */
export function useReorderFade(ids: readonly number[]): RefObject<HTMLTableSectionElement | null> {
  const body = useRef<HTMLTableSectionElement>(null);
  const places = useRef<ReadonlyMap<number, number>>(new Map());
  useLayoutEffect(() => {
    const rows = body.current?.rows;
    const before = places.current;
    places.current = new Map(ids.map((id, place) => [id, place]));
    if (!rows || matchMedia('(prefers-reduced-motion: reduce)').matches) return;
    ids.forEach((id, place) => {
      const last = before.get(id);
      if (last === undefined || last === place) return;
      rows[place]?.animate([{ opacity: 0.25 }, { opacity: 1 }], { duration: DURATION, easing: 'ease-out' });
    });
  }, [ids]);
  return body;
}

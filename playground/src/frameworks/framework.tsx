import { useEffect, useRef, type ReactNode } from 'react';
import { equalLists } from '../equal-lists.js';
import type { Machine } from '../model.js';
import { Panel } from '../panel.js';
import { MACHINE } from '../source.js';
import type { Mount, Row } from './list.js';

const TOP = 8;
const top = (machine: Machine | undefined): readonly Row[] => machine?.processes.slice(0, TOP) ?? [];

/** A card with a list of another framework in it. */
export function Framework(props: {
  name: string;
  code: string;
  load: () => Promise<{ mount: Mount }>;
}): ReactNode {
  const place = useRef<HTMLDivElement>(null);
  const begun = useRef(false);
  const { load, name } = props;
  useEffect(() => {
    if (begun.current) return; // StrictMode asks twice, and React must not remove its content
    begun.current = true;
    void load().then(({ mount }) => {
      if (place.current) mount<Machine>(place.current, { source: MACHINE, select: top, equal: equalLists });
    });
  }, [load]);
  return (
    <Panel area={name.toLowerCase()} title={name}>
      <code className="framework-code">{props.code}</code>
      <div ref={place} className="framework-list" data-framework={name} />
    </Panel>
  );
}

import type { ReactNode } from 'react';
import { formatPercent } from '../format.js';
import { useMachine } from '../source.js';
import { Bar } from './bar.js';
import './core-meter.css';

/** The load of one core. */
export function CoreMeter({ core }: { core: number }): ReactNode {
  const load = useMachine((machine) => machine?.load[core] ?? 0);
  return (
    <li className="core">
      <span className="core-name">Core {core}</span>
      <Bar share={load / 100} />
      <span className="core-load">{formatPercent(load)}</span>
    </li>
  );
}

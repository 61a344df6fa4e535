import type { ReactNode } from 'react';
import './figure.css';

/** A large figure with its name, and others of its kind that are less important. */
export function Figure(props: { name: string; value: string; of?: string; series?: 1 | 2 }): ReactNode {
  return (
    <div className="figure" data-series={props.series}>
      <dt>{props.name}</dt>
      <dd>
        {props.value}
        {props.of !== undefined && <small> {props.of}</small>}
      </dd>
    </div>
  );
}

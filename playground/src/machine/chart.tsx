import type { ReactNode } from 'react';
import { areaPath, linePath } from './line.js';
import './chart.css';

/** Samples that fit: one minute, as many as the server keeps. */
const CAPACITY = 120;

/** One line, or two, over the last minute. Its figures stand in text beside it, so readers of text skip it. */
export function Chart(props: {
  values: readonly number[];
  second?: readonly number[];
  max: number;
}): ReactNode {
  const { values, second, max } = props;
  return (
    <svg className="chart" viewBox={`0 0 ${CAPACITY - 1} 100`} preserveAspectRatio="none" aria-hidden="true">
      <path className="chart-grid" d={`M0,50H${CAPACITY}`} />
      <path className="chart-area" d={areaPath(values, CAPACITY, max)} />
      <path className="chart-line" d={linePath(values, CAPACITY, max)} />
      {second && <path className="chart-line chart-second" d={linePath(second, CAPACITY, max)} />}
    </svg>
  );
}

import { shared } from '@velox/core';
import type { ReactNode } from 'react';
import { Panel } from '../panel.js';
import { BOARD, MACHINE } from '../source.js';
import { Endpoint } from './endpoint.js';
import { watchTraffic } from './traffic.js';
import './wire-panel.css';

// From the first frame on, which arrives before any effect could run.
const machineTraffic = watchTraffic(shared(MACHINE.url, MACHINE));
const boardTraffic = watchTraffic(shared(BOARD.url, BOARD));

/** The traffic of both connections. */
export function WirePanel(): ReactNode {
  return (
    <Panel area="wire" title="On the wire" note="Uncompressed">
      <div className="wire">
        <Endpoint source={MACHINE} traffic={machineTraffic} />
        <Endpoint source={BOARD} traffic={boardTraffic} />
      </div>
    </Panel>
  );
}

import { useVeloxStatus } from '@velox/react';
import type { ReactNode } from 'react';
import { formatRate } from '../format.js';
import { Panel } from '../panel.js';
import { MACHINE, useMachine } from '../source.js';
import { Chart } from './chart.js';
import { Figure } from './figure.js';
import { useHistory } from './history.js';
import { scaleFor } from './line.js';

/** Below this scale, in bytes per second, a quiet network would look like a busy one. */
const LEAST_SCALE = 10_000;

export function NetworkPanel(): ReactNode {
  const { stale } = useVeloxStatus(MACHINE);
  const network = useMachine((machine) => machine?.network);
  const received = useHistory((sample) => sample.received);
  const sent = useHistory((sample) => sample.sent);
  const scale = scaleFor(Math.max(...received, ...sent), LEAST_SCALE);
  return (
    <Panel area="network" title="Network" note="Without loopback" stale={stale}>
      <dl className="figures">
        <Figure name="Received" value={formatRate(network?.received)} series={1} />
        <Figure name="Sent" value={formatRate(network?.sent)} series={2} />
      </dl>
      <Chart values={received} second={sent} max={scale} />
      <p className="panel-foot">
        {network === null ? 'This system does not tell its traffic' : `Scale to ${formatRate(scale)}`}
      </p>
    </Panel>
  );
}

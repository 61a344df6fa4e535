import { useVeloxStatus } from '@velox/react';
import type { ReactNode } from 'react';
import { formatBytes, formatPercent } from '../format.js';
import { Panel } from '../panel.js';
import { MACHINE, useMachine } from '../source.js';
import { Chart } from './chart.js';
import { Figure } from './figure.js';
import { useHistory } from './history.js';

export function MemoryPanel(): ReactNode {
  const { stale } = useVeloxStatus(MACHINE);
  const memory = useMachine((machine) => machine?.memory);
  const history = useHistory((sample) => sample.memory);
  const free = memory && memory.total - memory.used;
  return (
    <Panel area="memory" title="Memory" note={memory && `${formatBytes(memory.total)} in all`} stale={stale}>
      <dl className="figures">
        <Figure name="Used" value={formatBytes(memory?.used)} series={1} />
        <Figure name="Available" value={formatBytes(free)} />
      </dl>
      <Chart values={history} max={memory?.total ?? 1} />
      <p className="panel-foot">{memory && `${formatPercent((memory.used / memory.total) * 100)} in use`}</p>
    </Panel>
  );
}

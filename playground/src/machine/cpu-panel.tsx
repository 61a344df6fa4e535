import { useVeloxStatus } from '@velox/react';
import type { ReactNode } from 'react';
import { equalLists } from '../equal-lists.js';
import { formatPercent, UNKNOWN } from '../format.js';
import { Panel } from '../panel.js';
import { MACHINE, useMachine } from '../source.js';
import { Chart } from './chart.js';
import { CoreMeter } from './core-meter.js';
import { Figure } from './figure.js';
import { useHistory } from './history.js';

/** Above this, cores are shown by their bars alone. */
const MANY = 8;

export function CpuPanel(): ReactNode {
  const { stale } = useVeloxStatus(MACHINE);
  const processor = useMachine((machine) => machine?.processor);
  const cores = useMachine((machine) => machine?.load.length ?? 0);
  return (
    <Panel area="cpu" title="CPU" note={processor} stale={stale}>
      <Load />
      <ul className="cores" aria-label="Load of each core" data-many={cores > MANY}>
        {Array.from({ length: cores }, (_, core) => (
          <CoreMeter key={core} core={core} />
        ))}
      </ul>
    </Panel>
  );
}

function Load(): ReactNode {
  const history = useHistory((sample) => sample.load);
  const [minute = UNKNOWN, ...longer] = useMachine(
    (machine) => machine?.average.map((figure) => figure.toFixed(2)) ?? [],
    equalLists,
  );
  return (
    <>
      <dl className="figures">
        <Figure name="Load" value={formatPercent(history.at(-1))} series={1} />
        <Figure name="Average 1, 5, 15 min" value={minute} of={longer.join(' ')} />
      </dl>
      <Chart values={history} max={100} />
    </>
  );
}

import { useVeloxStatus } from '@velox/react';
import type { ReactNode } from 'react';
import { equalLists } from '../equal-lists.js';
import { Panel } from '../panel.js';
import { MACHINE, useMachine } from '../source.js';
import { ProcessRow } from './process-row.js';
import { useReorderFade } from './use-reorder-fade.js';
import './process-panel.css';

export function ProcessPanel(): ReactNode {
  const { stale } = useVeloxStatus(MACHINE);
  const count = useMachine((machine) => machine?.processCount);
  return (
    <Panel
      area="processes"
      title="Processes"
      note={count !== undefined && <Count of={count} />}
      stale={stale}
    >
      {/* A region that scrolls must be reachable by keyboard. */}
      <div className="processes-frame">
        <div className="processes" role="region" aria-label="Busiest processes" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Name</th>
                <th scope="col" className="number process-id">
                  PID
                </th>
                <th scope="col" className="number process-cpu" aria-sort="descending">
                  CPU
                </th>
                <th scope="col" className="number">
                  Memory
                </th>
              </tr>
            </thead>
            <ProcessRows />
          </table>
        </div>
      </div>
    </Panel>
  );
}

function Count({ of: count }: { of: number }): ReactNode {
  return count === 0 ? 'This system does not tell its processes' : `The busiest of ${count}`;
}

/** Renders when the order changes. A row renders itself when its figures change. */
function ProcessRows(): ReactNode {
  const ids = useMachine((machine) => machine?.processes.map(({ id }) => id) ?? [], equalLists);
  const body = useReorderFade(ids);
  return (
    <tbody ref={body}>
      {ids.map((id) => (
        <ProcessRow key={id} id={id} />
      ))}
    </tbody>
  );
}

import { memo, type ReactNode } from 'react';
import { formatBytes, formatPercent } from '../format.js';
import { Bar } from '../machine/bar.js';
import { useMachine } from '../source.js';

/** One process. It renders only when its own figures change. */
export const ProcessRow = memo(function ProcessRow({ id }: { id: number }): ReactNode {
  const process = useMachine((machine) => machine?.processes.find((candidate) => candidate.id === id));
  const cpu = process?.cpu ?? 0;
  return (
    <tr data-idle={cpu === 0}>
      <th scope="row">{process?.name}</th>
      <td className="number process-id">{id}</td>
      <td className="number process-cpu">
        <Bar share={cpu / 100} />
        <span className="process-share">{formatPercent(cpu, 1)}</span>
      </td>
      <td className="number">{formatBytes(process?.memory)}</td>
    </tr>
  );
});

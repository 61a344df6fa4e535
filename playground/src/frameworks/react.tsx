import { useVelox } from '@velox/react';
import { memo, StrictMode, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { formatShare, type ListProps, type Mount, type Row } from './list.js';

function List<T>({ source, select, equal }: ListProps<T>): ReactNode {
  const rows = useVelox(source, select, equal);
  return (
    <ol className="list">
      {rows.map((row) => (
        <ListRow key={row.id} row={row} />
      ))}
    </ol>
  );
}

/** A row that has not changed is `===` to what it was. */
const ListRow = memo(function ListRow({ row }: { row: Row }): ReactNode {
  return (
    <li>
      <span className="list-name">{row.name}</span>
      <span className="list-share">{formatShare(row.cpu)}</span>
    </li>
  );
});

export const mount: Mount = (target, props) => {
  const root = createRoot(target);
  root.render(
    <StrictMode>
      <List {...props} />
    </StrictMode>,
  );
  return () => root.unmount();
};

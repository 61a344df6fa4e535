import { shared } from '@velox/core';
import { useVeloxStatus } from '@velox/react';
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react';
import { equalLists } from '../equal-lists.js';
import { errorText } from '../error-text.js';
import type { ColumnId } from '../model.js';
import { Panel } from '../panel.js';
import { BOARD, useBoard } from '../source.js';
import type { Moved } from './board-card.js';
import { BoardColumn } from './board-column.js';
import type { Edit } from './edit.js';
import { Toast } from './toast.js';
import './board.css';

const NONE: readonly ColumnId[] = [];

export function BoardPanel(): ReactNode {
  const { stale } = useVeloxStatus(BOARD);
  const columns = useBoard((board) => board?.columns.map(({ id }) => id) ?? NONE, equalLists);
  const [error, setError] = useState('');
  const [waiting, setWaiting] = useState(0);
  const isSlow = useRef(false);
  const moved = useRef<Moved>(undefined);

  // An error of an outage is out of date once the server answers again.
  useEffect(() => {
    const { status } = shared(BOARD.url, BOARD);
    return status.subscribe(() => {
      if (status.get().state === 'open') setError('');
    });
  }, []);

  const edit = useCallback<Edit>(async (change) => {
    setWaiting((count) => count + 1);
    try {
      await change({ isSlow: isSlow.current });
      setError('');
      return true;
    } catch (reason) {
      setError(errorText(reason));
      return false;
    } finally {
      setWaiting((count) => count - 1);
    }
  }, []);

  return (
    <Panel area="board" title="Board" note="Shared by every window" stale={stale}>
      <div className="board">
        {columns.map((id, place) => (
          <BoardColumn
            key={id}
            id={id}
            left={columns[place - 1]}
            right={columns[place + 1]}
            edit={edit}
            moved={moved}
          />
        ))}
      </div>
      <div className="board-foot">
        <label>
          <input
            type="checkbox"
            onChange={({ currentTarget: { checked } }) => {
              isSlow.current = checked;
            }}
          />
          Slow server: it answers after 2 s
        </label>
        <p>{waiting > 0 && `Shown before the server's answer: ${waiting}`}</p>
      </div>
      <Toast message={error} onClose={() => setError('')} />
    </Panel>
  );
}

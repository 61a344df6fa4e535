import type { ReactNode } from 'react';
import { hueStyle } from '../chat/hue-style.js';
import type { CursorPosition } from '../contract.js';
import { usePresence } from '../sync.js';
import './cursors.css';

/** The pointers of other visitors over a column. Each is for the eye alone, so screen readers pass over it. */
export function Cursors({ column }: { column: string }): ReactNode {
  const [others] = usePresence('board', null);
  return (
    <div className="cursors" aria-hidden="true">
      {Object.entries(others).map(([id, { who, at, away }]) => {
        const cursor = Object.values(at).find((mine): mine is CursorPosition => mine?.column === column);
        if (!cursor || away) return null;
        const place = { left: `${cursor.x * 100}%`, top: cursor.y };
        return (
          <div key={id} className="cursor" style={{ ...hueStyle(who.hue), ...place }}>
            <svg viewBox="0 0 16 16">
              <path d="M2 2l4.5 12 2-5.5L14 6.5z" />
            </svg>
            <span>{who.name}</span>
          </div>
        );
      })}
    </div>
  );
}

import type { ReactNode } from 'react';
import './bar.css';

/** How much of a whole: `share` from 0 to 1, more is shown as 1. The figure stands beside it in text. */
export function Bar({ share }: { share: number }): ReactNode {
  return (
    <span className="bar" aria-hidden="true">
      <span style={{ transform: `scaleX(${Math.min(1, share)})` }} />
    </span>
  );
}

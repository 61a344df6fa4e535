import type { ReactNode } from 'react';
import './footer.css';

/** Links to the documents and to the source of this page, which the same server serves. */
export function Footer(): ReactNode {
  return (
    <footer className="footer">
      <a href="/documents/README.md">Guide</a>
      <a href="/documents/PROTOCOL.md">Protocol</a>
      <a href="/documents/playground/src/server/app.ts">Source of this server</a>
      <a href="/documents/playground/src/board/board-panel.tsx">Source of the board</a>
    </footer>
  );
}

import type { ReactNode } from 'react';
import { IconButton } from './icon-button.js';
import './toast.css';

/** Says what went wrong until it is put away; an empty message shows nothing. */
export function Toast({ message, onClose }: { message: string; onClose: () => void }): ReactNode {
  // The region is always there: only changes in it are announced.
  return (
    <div className="toast" role="alert">
      {message && (
        <p>
          {message}
          <IconButton icon="delete" label="Close" onClick={onClose} />
        </p>
      )}
    </div>
  );
}

import { useRef, type ReactNode } from 'react';
import { MAX_TEXT } from '../model.js';

/** Edits a text in place: Enter or leaving keeps it, Escape or nothing at all gives the old one back. */
export function CardText({ text, onDone }: { text: string; onDone: (text: string) => void }): ReactNode {
  const done = useRef(false); // leaving follows Enter and Escape, too
  const finish = (next: string): void => {
    if (done.current) return;
    done.current = true;
    onDone(next.trim() || text);
  };
  return (
    <textarea
      className="card-text"
      aria-label="Text of the card"
      defaultValue={text}
      maxLength={MAX_TEXT}
      autoFocus
      onFocus={(event) => event.currentTarget.select()}
      onBlur={(event) => finish(event.currentTarget.value)}
      onKeyDown={(event) => {
        if (event.key === 'Escape') finish(text);
        else if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
          event.preventDefault();
          finish(event.currentTarget.value);
        }
      }}
    />
  );
}

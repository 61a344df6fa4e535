import { useEffect, useRef, useState, type ReactNode, type SubmitEvent } from 'react';
import type { ChatRoom } from '../contract.js';
import { errorText } from '../error-text.js';
import { sync } from '../sync.js';
import { MAX_MESSAGE } from './rooms.js';

/** How long a visitor counts as typing after the last change, in ms. */
const TYPING_MS = 4_000;

export function Compose(props: { room: ChatRoom; onTyping: (typing: boolean) => void }): ReactNode {
  const { room, onTyping } = props;
  const [text, setText] = useState('');
  const [error, setError] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);

  const showTyping = (typing: boolean): void => {
    clearTimeout(timer.current);
    onTyping(typing);
    if (typing) timer.current = setTimeout(() => onTyping(false), TYPING_MS);
  };
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (text.trim() === '') return;
    setText('');
    showTyping(false);
    try {
      await sync().call('say', { room, text });
      setError('');
    } catch (reason) {
      setError(errorText(reason));
      setText((newer) => newer || text);
    }
  };
  return (
    <>
      <form className="add-card" onSubmit={(event) => void submit(event)}>
        <input
          aria-label="Message"
          placeholder="Write a message"
          autoComplete="off"
          value={text}
          maxLength={MAX_MESSAGE}
          onChange={({ currentTarget: { value } }) => {
            setText(value);
            showTyping(value !== '');
          }}
          onBlur={() => showTyping(false)}
        />
        <button type="submit">Send</button>
      </form>
      <p className="chat-error" role="alert">
        {error}
      </p>
    </>
  );
}

import { memo, useEffect, useRef, type ReactNode } from 'react';
import type { App, ChatRoom, Message, Person } from '../contract.js';
import { useVelox } from '../sync.js';
import { hueStyle } from './hue-style.js';

const NONE: readonly Message[] = [];
/** Pixels from the end within which the list follows new messages. */
const NEAR_END = 40;

export function Messages({ room, me }: { room: ChatRoom; me: Person | undefined }): ReactNode {
  const messages = useVelox<keyof App['topics'] & `chat/${ChatRoom}`, readonly Message[]>(
    `chat/${room}`,
    (chat) => chat?.messages ?? NONE,
  );
  const list = useRef<HTMLOListElement>(null);
  const follows = useRef(true);
  useEffect(() => {
    if (list.current && follows.current) list.current.scrollTop = list.current.scrollHeight;
  }, [messages]);
  return (
    <ol
      ref={list}
      className="chat-messages"
      role="log"
      aria-label="Messages"
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        follows.current = scrollHeight - scrollTop - clientHeight < NEAR_END;
      }}
    >
      {messages.map((message) => (
        <MessageItem key={message.id} message={message} isMine={message.from.id === me?.id} />
      ))}
      {messages.length === 0 && <li className="chat-soft">No messages yet. Say hello.</li>}
    </ol>
  );
}

const MessageItem = memo(function MessageItem(props: { message: Message; isMine: boolean }): ReactNode {
  const { from, text, at } = props.message;
  const time = new Date(at);
  return (
    <li className="chat-message" data-mine={props.isMine} style={hueStyle(from.hue)}>
      <p className="chat-from">
        {from.name}{' '}
        <time dateTime={time.toISOString()}>
          {time.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' })}
        </time>
      </p>
      <p className="chat-text">{text}</p>
    </li>
  );
});

import { useState, type ReactNode } from 'react';
import type { ChatRoom } from '../contract.js';
import { Panel } from '../panel.js';
import { useVeloxStatus } from '../sync.js';
import { Room } from './room.js';
import { ROOMS } from './rooms.js';
import './chat.css';

/** A chat with rooms, on the connection of the board. */
export function ChatPanel(): ReactNode {
  const [room, setRoom] = useState<ChatRoom>('lobby');
  const { stale } = useVeloxStatus(`chat/${room}`);
  return (
    <Panel area="chat" title="Chat" note="On the board's connection" stale={stale}>
      <div className="chat-rooms" role="group" aria-label="Rooms">
        {ROOMS.map(({ id, title }) => (
          <button key={id} type="button" aria-pressed={id === room} onClick={() => setRoom(id)}>
            {title}
          </button>
        ))}
      </div>
      <Room key={room} room={room} />
    </Panel>
  );
}

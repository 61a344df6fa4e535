import type { ReactNode } from 'react';
import type { ChatRoom } from '../contract.js';
import { usePresence } from '../sync.js';
import { Compose } from './compose.js';
import { Members } from './members.js';
import { Messages } from './messages.js';
import { useMe } from './use-me.js';

/** One room; the visitor is in it while it is shown. */
export function Room({ room }: { room: ChatRoom }): ReactNode {
  const me = useMe();
  const [others, setMine] = usePresence(room, { typing: false });
  const typing = Object.values(others)
    .filter(({ at, away }) => !away && Object.values(at).some((mine) => mine?.typing))
    .map(({ who }) => who.name);
  return (
    <>
      <Members me={me} others={others} />
      <Messages room={room} me={me} />
      <div>
        <p className="chat-typing">{typing.length > 0 && typingText(typing)}</p>
        <Compose room={room} onTyping={(typing) => setMine({ typing })} />
      </div>
    </>
  );
}

function typingText(names: readonly string[]): string {
  if (names.length > 2) return 'Several people are typing …';
  return `${names.join(' and ')} ${names.length === 1 ? 'is' : 'are'} typing …`;
}

import type { PresenceMembers } from '@velox/core';
import type { ReactNode } from 'react';
import type { Person, Shown, Typing } from '../contract.js';
import { hueStyle } from './hue-style.js';

/** Everyone in the room: this visitor first, then the others in the order in which they came. */
export function Members(props: {
  me: Person | undefined;
  others: PresenceMembers<Shown, Typing>;
}): ReactNode {
  const others = Object.entries(props.others).sort(([, a], [, b]) => a.since - b.since);
  return (
    <ul className="chat-members" aria-label="In this room">
      {props.me && (
        <li style={hueStyle(props.me.hue)}>
          {props.me.name} <span className="chat-soft">(you)</span>
        </li>
      )}
      {others.map(([id, { who, away }]) => (
        <li key={id} style={hueStyle(who.hue)} data-away={away ?? false}>
          {who.name} {away && <span className="chat-soft">away</span>}
        </li>
      ))}
    </ul>
  );
}

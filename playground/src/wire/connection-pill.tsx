import { useVeloxStatus } from '@velox/react';
import type { ReactNode } from 'react';
import type { BOARD, MACHINE } from '../source.js';
import { useCountdown } from './use-countdown.js';
import './connection-pill.css';

const LABEL = {
  idle: 'Idle',
  connecting: 'Connecting',
  open: 'Live',
  waiting: 'Retrying',
  offline: 'Offline',
  closed: 'Closed',
};

/** How a connection is doing, in a word or two. */
export function ConnectionPill({ source }: { source: typeof MACHINE | typeof BOARD }): ReactNode {
  const { state, attempt, retryAt, stale } = useVeloxStatus(source);
  const seconds = useCountdown(retryAt);
  // While the server is away, attempt and wait alternate: one word for both does not flicker.
  const label = state === 'connecting' && attempt > 1 ? LABEL.waiting : LABEL[state];
  return (
    <p className="pill" data-state={state === 'open' && stale ? 'connecting' : state}>
      <span role="status">{label}</span>
      {/* Not announced: each second would interrupt. */}
      {seconds !== undefined && <span className="pill-wait"> in {seconds} s</span>}
    </p>
  );
}

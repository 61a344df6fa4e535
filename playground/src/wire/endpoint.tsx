import type { Readable } from '@velox/core';
import { useVeloxStatus } from '@velox/react';
import { useId, useSyncExternalStore, type ReactNode } from 'react';
import { formatBytes, UNKNOWN } from '../format.js';
import type { BOARD, MACHINE } from '../source.js';
import { ConnectionPill } from './connection-pill.js';
import type { Received, Traffic } from './traffic.js';

/** One endpoint: its connection, its traffic so far, and the last frames. */
export function Endpoint(props: {
  source: typeof MACHINE | typeof BOARD;
  traffic: Readable<Traffic>;
}): ReactNode {
  const { source, traffic } = props;
  const title = useId();
  const { transport, attempt, reason } = useVeloxStatus(source);
  const { bytes, snapshots, deltas, frames } = useSyncExternalStore(traffic.subscribe, traffic.get);
  return (
    <article className="endpoint" aria-labelledby={title}>
      <header>
        <h3 id={title}>{source.url}</h3>
        <p className="endpoint-reason">{reason?.message}</p>
        <ConnectionPill source={source} />
      </header>
      <dl className="endpoint-figures">
        <Item name="Transport" value={transport ?? UNKNOWN} />
        <Item name="Attempt" value={attempt ? String(attempt) : UNKNOWN} />
        <Item name="Received" value={formatBytes(bytes)} />
        <Item name="Snapshots" value={String(snapshots)} />
        <Item name="Deltas" value={String(deltas)} />
      </dl>
      <ol className="frames" aria-label={`Last frames of ${source.url}, newest first`}>
        {/* The lines stay in place; their text moves down. */}
        {frames.map((frame, line) => (
          <Frame key={line} {...frame} />
        ))}
      </ol>
    </article>
  );
}

function Item({ name, value }: { name: string; value: string }): ReactNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

function Frame({ kind, bytes, version, excerpt }: Received): ReactNode {
  return (
    <li data-kind={kind}>
      <span className="frame-kind">{kind}</span>
      <span className="frame-version">{version}</span>
      <span className="frame-size">{formatBytes(bytes)}</span>
      <code>{excerpt}</code>
    </li>
  );
}

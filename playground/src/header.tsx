import type { ReactNode } from 'react';
import { formatDuration } from './format.js';
import { MACHINE, useMachine } from './source.js';
import { ConnectionPill } from './wire/connection-pill.js';
import './header.css';

export function Header(): ReactNode {
  return (
    <header className="header">
      <div className="header-brand">
        <svg className="header-mark" viewBox="0 0 32 32" aria-hidden="true">
          <rect width="32" height="32" rx="8" />
          <path d="M8 9l8 14 8-14" />
        </svg>
        <h1>Velox</h1>
        <p>Live server state, one line on each side</p>
      </div>
      <nav className="header-pages" aria-label="Pages">
        <Page path="/">Playground</Page>
        <Page path="/frameworks.html">Five frameworks</Page>
      </nav>
      <ConnectionPill source={MACHINE} />
      <Host />
    </header>
  );
}

function Page({ path, children }: { path: string; children: string }): ReactNode {
  return (
    <a href={path + location.search} aria-current={location.pathname === path ? 'page' : undefined}>
      {children}
    </a>
  );
}

function Host(): ReactNode {
  const host = useMachine((machine) => machine?.host);
  const system = useMachine((machine) => machine?.system);
  const minutes = useMachine((machine) => machine && Math.floor(machine.uptime / 60));
  return (
    <p className="header-host">
      <strong>{host}</strong>
      <span>{system}</span>
      <span>{minutes !== undefined && `up ${formatDuration(minutes * 60)}`}</span>
    </p>
  );
}

import type { ReactNode } from 'react';
import { BoardPanel } from './board/board-panel.js';
import { ChatPanel } from './chat/chat-panel.js';
import { Footer } from './footer.js';
import { Header } from './header.js';
import { CpuPanel } from './machine/cpu-panel.js';
import { MemoryPanel } from './machine/memory-panel.js';
import { NetworkPanel } from './machine/network-panel.js';
import { ProcessPanel } from './processes/process-panel.js';
import { WirePanel } from './wire/wire-panel.js';

export function App(): ReactNode {
  return (
    <>
      <Header />
      <main className="layout">
        <CpuPanel />
        <MemoryPanel />
        <NetworkPanel />
        <BoardPanel />
        <ChatPanel />
        <ProcessPanel />
        <WirePanel />
      </main>
      <Footer />
    </>
  );
}

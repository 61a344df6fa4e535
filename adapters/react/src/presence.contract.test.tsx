import { act } from '@testing-library/react';
import { StrictMode, useEffect, type FunctionComponent, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import {
  adapterPresenceContract,
  adapterPresenceServerContract,
  type PresenceHarness,
} from '../../../core/test/contracts/adapter-presence-contract.js';
import { usePresence } from './index.js';

const harness = (Wrapper: FunctionComponent<{ children: ReactNode }>): PresenceHarness => ({
  enter(source, first, initial, onShown) {
    let set: (mine: unknown) => void = () => {};
    const Present = ({ room }: { room: string }) => {
      const [others, setMine] = usePresence(source, room, initial);
      useEffect(() => {
        set = setMine;
        onShown(others);
      });
      return null;
    };
    const root = createRoot(document.createElement('div'));
    const switchTo = (room: string) =>
      act(() =>
        root.render(
          <Wrapper>
            <Present room={room} />
          </Wrapper>,
        ),
      );
    switchTo(first);
    return { set: (mine) => set(mine), switchTo, unmount: () => act(() => root.unmount()) };
  },
  act,
});

adapterPresenceContract(
  'React',
  harness(({ children }) => children),
);
adapterPresenceContract('React in StrictMode', harness(StrictMode));

describe('without act', () => {
  // A real server answers at any time.
  beforeAll(() => void Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }));
  afterAll(() => void Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true }));
  adapterPresenceServerContract(
    'React',
    harness(({ children }) => children),
    inject('syncServer'),
  );
});

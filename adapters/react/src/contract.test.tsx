import { act } from '@testing-library/react';
import { Component, StrictMode, useEffect, type FunctionComponent, type ReactNode } from 'react';
import { createRoot } from 'react-dom/client';
import { afterAll, beforeAll, describe, inject } from 'vitest';
import { adapterContract } from '../../../core/test/contracts/adapter-contract.js';
import {
  adapterEventContract,
  type EventHarness,
} from '../../../core/test/contracts/adapter-event-contract.js';
import { textOf, type AdapterHarness, type View } from '../../../core/test/contracts/adapter-harness.js';
import {
  adapterEventServerContract,
  adapterServerContract,
} from '../../../core/test/contracts/adapter-server-contract.js';
import { useVelox, useVeloxEvent, useVeloxStatus } from './index.js';

class Boundary extends Component<{ children: ReactNode; onError: View['onError'] }> {
  override readonly state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override componentDidCatch(error: unknown) {
    this.props.onError?.(error);
  }
  override render() {
    return this.state.failed ? 'failed' : this.props.children;
  }
}

const Shown = ({ shown, onRender }: { shown: unknown; onRender: View['onRender'] }) => {
  useEffect(() => onRender?.(shown));
  return textOf(shown);
};
const Value = ({ source, select = (value) => value, equal, onRender }: View) => (
  <Shown shown={useVelox(source, select, equal)} onRender={onRender} />
);
const Status = ({ source, onRender }: View) => <Shown shown={useVeloxStatus(source)} onRender={onRender} />;

const harness = (Wrapper: FunctionComponent<{ children: ReactNode }>): AdapterHarness => ({
  mount({ source, ...view }) {
    const Shows = view.status ? Status : Value;
    const render = (current: View['source']) =>
      act(() =>
        root.render(
          <Wrapper>
            <Boundary onError={view.onError}>
              <Shows source={current} {...view} />
            </Boundary>
          </Wrapper>,
        ),
      );
    const element = document.body.appendChild(document.createElement('div'));
    const root = createRoot(element, { onCaughtError() {} });
    render(source);
    return {
      element,
      switchTo: render,
      unmount() {
        act(() => root.unmount());
        element.remove();
      },
    };
  },
  act,
});

adapterContract(
  'React',
  harness(({ children }) => children),
);
adapterContract('React in StrictMode', harness(StrictMode));

const hearing = (Wrapper: FunctionComponent<{ children: ReactNode }>): EventHarness => ({
  hear(first, onNotice) {
    const Hears = ({ source }: { source: typeof first }) => {
      useVeloxEvent(source, 'notice', onNotice);
      return null;
    };
    const root = createRoot(document.createElement('div'));
    const switchTo = (source: typeof first) =>
      act(() =>
        root.render(
          <Wrapper>
            <Hears source={source} />
          </Wrapper>,
        ),
      );
    switchTo(first);
    return { switchTo, unmount: () => act(() => root.unmount()) };
  },
  act,
});

adapterEventContract(
  'React',
  hearing(({ children }) => children),
);
adapterEventContract('React in StrictMode', hearing(StrictMode));

describe('without act', () => {
  // Frames of a real server arrive at any time.
  beforeAll(() => void Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: false }));
  afterAll(() => void Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true }));
  adapterServerContract(
    'React',
    harness(({ children }) => children),
    inject('syncServer'),
  );
  adapterEventServerContract(
    'React',
    hearing(({ children }) => children),
    inject('syncServer'),
  );
});

import { flushSync, mount, unmount } from 'svelte';
import { inject } from 'vitest';
import { adapterContract } from '../../../core/test/contracts/adapter-contract.js';
import {
  adapterEventContract,
  type EventHarness,
} from '../../../core/test/contracts/adapter-event-contract.js';
import type { AdapterHarness } from '../../../core/test/contracts/adapter-harness.js';
import {
  adapterEventServerContract,
  adapterServerContract,
} from '../../../core/test/contracts/adapter-server-contract.js';
import Hears from './hears.test.svelte';
import Shown from './shown.test.svelte';

const harness = (store: boolean): AdapterHarness => ({
  mount(view) {
    let current = $state.raw(view.source);
    const element = document.body.appendChild(document.createElement('div'));
    const component = mount(Shown, {
      target: element,
      props: {
        view,
        store,
        get source() {
          return current;
        },
      },
    });
    flushSync();
    return {
      element,
      switchTo(next) {
        current = next;
      },
      unmount() {
        void unmount(component);
        element.remove();
      },
    };
  },
});

adapterContract('Svelte with runes', harness(false));
adapterContract('Svelte with stores', harness(true));

const events: EventHarness = {
  hear(first, onNotice) {
    let source = $state.raw(first);
    const props = {
      onNotice,
      get source() {
        return source;
      },
    };
    const component = mount(Hears, { target: document.createElement('div'), props });
    flushSync();
    return { switchTo: (next) => void (source = next), unmount: () => void unmount(component) };
  },
};

adapterEventContract('Svelte', events);
adapterEventServerContract('Svelte', events, inject('syncServer'));
adapterServerContract('Svelte with runes', harness(false), inject('syncServer'));

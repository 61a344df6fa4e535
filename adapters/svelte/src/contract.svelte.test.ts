import { flushSync, mount, unmount } from 'svelte';
import { inject } from 'vitest';
import { adapterContract } from '../../../core/src/testing/adapter-contract.js';
import type { AdapterHarness } from '../../../core/src/testing/adapter-harness.js';
import { adapterServerContract } from '../../../core/src/testing/adapter-server-contract.js';
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
adapterServerContract('Svelte with runes', harness(false), inject('syncServer'));

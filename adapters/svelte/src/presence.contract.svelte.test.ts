import { flushSync, mount, unmount } from 'svelte';
import { inject } from 'vitest';
import {
  adapterPresenceContract,
  adapterPresenceServerContract,
  type PresenceHarness,
} from '../../../core/test/contracts/adapter-presence-contract.js';
import Present from './present.test.svelte';

const harness: PresenceHarness = {
  enter(source, first, initial, onShown) {
    let room = $state(first);
    let set: (mine: unknown) => void = () => {};
    const props = {
      ...{ source, initial, onShown },
      onSet: (setMine: typeof set) => void (set = setMine),
      get room() {
        return room;
      },
    };
    const component = mount(Present, { target: document.createElement('div'), props });
    flushSync();
    return {
      set: (mine) => set(mine),
      switchTo: (next) => void (room = next),
      unmount: () => void unmount(component),
    };
  },
};

adapterPresenceContract('Svelte', harness);
adapterPresenceServerContract('Svelte', harness, inject('syncServer'));

import { createApp, defineComponent, h, shallowRef } from 'vue';
import { inject } from 'vitest';
import {
  adapterPresenceContract,
  adapterPresenceServerContract,
  type PresenceHarness,
} from '../../../core/test/contracts/adapter-presence-contract.js';
import { usePresence } from './index.js';

const harness: PresenceHarness = {
  enter(source, first, initial, onShown) {
    const room = shallowRef(first);
    let set: (mine: unknown) => void = () => {};
    const Present = defineComponent(() => {
      const [others, setMine] = usePresence(source, room, initial);
      set = setMine;
      return () => {
        onShown(others.value);
        return null;
      };
    });
    const app = createApp(() => h(Present));
    app.mount(document.createElement('div'));
    return { set, switchTo: (next) => void (room.value = next), unmount: () => app.unmount() };
  },
};

adapterPresenceContract('Vue', harness);
adapterPresenceServerContract('Vue', harness, inject('syncServer'));

import { adapterContract } from '../../../core/test/contracts/adapter-contract.js';
import {
  adapterEventContract,
  type EventHarness,
} from '../../../core/test/contracts/adapter-event-contract.js';
import { textOf, type AdapterHarness } from '../../../core/test/contracts/adapter-harness.js';
import {
  adapterEventServerContract,
  adapterServerContract,
} from '../../../core/test/contracts/adapter-server-contract.js';
import { createApp, defineComponent, h, shallowRef } from 'vue';
import { inject } from 'vitest';
import { useVelox, useVeloxEvent, useVeloxStatus } from './index.js';

const harness: AdapterHarness = {
  mount({ source, status, select, equal, onRender, onError }) {
    const current = shallowRef(source);
    const Shown = defineComponent(() => {
      const shown = status
        ? useVeloxStatus(() => current.value)
        : useVelox(() => current.value, select ?? ((value) => value), equal);
      return () => {
        onRender?.(shown.value);
        return textOf(shown.value);
      };
    });
    const app = createApp(() => h('p', h(Shown)));
    if (onError) app.config.errorHandler = (error) => onError(error);
    const element = document.body.appendChild(document.createElement('div'));
    app.mount(element);
    return {
      element,
      switchTo: (next) => void (current.value = next),
      unmount() {
        app.unmount();
        element.remove();
      },
    };
  },
};

adapterContract('Vue', harness);

const events: EventHarness = {
  hear(first, onNotice) {
    const source = shallowRef(first);
    const app = createApp(() => h(Hears));
    const Hears = defineComponent(() => {
      useVeloxEvent(() => source.value, 'notice', onNotice);
      return () => null;
    });
    app.mount(document.createElement('div'));
    return { switchTo: (next) => void (source.value = next), unmount: () => app.unmount() };
  },
};

adapterEventContract('Vue', events);
adapterEventServerContract('Vue', events, inject('syncServer'));
adapterServerContract('Vue', harness, inject('syncServer'));

import { adapterContract } from '../../../core/src/testing/adapter-contract.js';
import { textOf, type AdapterHarness } from '../../../core/src/testing/adapter-harness.js';
import { adapterServerContract } from '../../../core/src/testing/adapter-server-contract.js';
import { createApp, defineComponent, h, shallowRef } from 'vue';
import { inject } from 'vitest';
import { useVelox, useVeloxStatus } from './index.js';

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
adapterServerContract('Vue', harness, inject('syncServer'));

import { createApp, defineComponent, h, shallowRef } from 'vue';
import {
  adapterEntityContract,
  type Id,
  type Item,
} from '../../../core/test/contracts/adapter-entity-contract.js';
import { textOf } from '../../../core/test/contracts/adapter-harness.js';
import { useEntity } from './index.js';

adapterEntityContract('Vue', {
  show(firstSource, first, select = (row) => row) {
    const source = shallowRef(firstSource);
    const id = shallowRef<Id>(first);
    const Row = defineComponent(() => {
      const row = useEntity<Item, unknown>(source, 'items', id, select);
      return () => textOf(row.value);
    });
    const element = document.createElement('div');
    const app = createApp(() => h(Row));
    app.mount(element);
    return {
      element,
      switchTo(next, nextSource = source.value) {
        id.value = next;
        source.value = nextSource;
      },
      unmount: () => app.unmount(),
    };
  },
});

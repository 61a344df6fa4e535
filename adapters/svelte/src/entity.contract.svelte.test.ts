import { flushSync, mount, unmount } from 'svelte';
import { adapterEntityContract } from '../../../core/test/contracts/adapter-entity-contract.js';
import Row from './row.test.svelte';

adapterEntityContract('Svelte', {
  show(source, first, select = (row) => row) {
    let id = $state(first);
    const element = document.createElement('div');
    const component = mount(Row, {
      target: element,
      props: {
        source,
        select,
        get id() {
          return id;
        },
      },
    });
    flushSync();
    return { element, switchTo: (next) => void (id = next), unmount: () => void unmount(component) };
  },
});

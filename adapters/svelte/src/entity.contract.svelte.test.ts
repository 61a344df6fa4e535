import { flushSync, mount, unmount } from 'svelte';
import { adapterEntityContract } from '../../../core/test/contracts/adapter-entity-contract.js';
import Row from './row.test.svelte';

adapterEntityContract('Svelte', {
  show(firstSource, first, select = (row) => row) {
    let source = $state.raw(firstSource);
    let id = $state(first);
    const element = document.createElement('div');
    const component = mount(Row, {
      target: element,
      props: {
        select,
        get source() {
          return source;
        },
        get id() {
          return id;
        },
      },
    });
    flushSync();
    return {
      element,
      switchTo(next, nextSource = source) {
        id = next;
        source = nextSource;
      },
      unmount: () => void unmount(component),
    };
  },
});

import { mount as mountSvelte } from 'svelte';
import type { ListProps, Mount } from './list.js';
import List from './list.svelte';

export const mount: Mount = (target, props) => {
  // Svelte infers no type parameter of a component here.
  mountSvelte(List, { target, props: props as ListProps<unknown> });
};

import { mount as mountSvelte, unmount } from 'svelte';
import type { ListProps, Mount } from './list.js';
import List from './list.svelte';

export const mount: Mount = (target, props) => {
  // Svelte infers no type parameter of a component here.
  const list = mountSvelte(List, { target, props: props as ListProps<unknown> });
  return () => void unmount(list);
};

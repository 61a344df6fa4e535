import { mount as mountSvelte } from 'svelte';
import type { Mount } from './list.js';
import List from './list.svelte';

export const mount: Mount = (target, props) => {
  mountSvelte(List, { target, props });
};

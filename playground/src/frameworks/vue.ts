import { createApp } from 'vue';
import type { Mount } from './list.js';
import List from './list.vue';

export const mount: Mount = (target, props) => {
  createApp(List, { ...props }).mount(target);
};

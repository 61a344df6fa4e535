import { createApp } from 'vue';
import type { Mount } from './list.js';
import List from './list.vue';

export const mount: Mount = (target, props) => {
  const app = createApp(List, { ...props });
  app.mount(target);
  return () => app.unmount();
};

import './page.mjs';
import { useVelox } from '@velox/vue';
import { createApp, h, version } from 'vue';
import { serve, until } from './serve.mjs';

const { state, url } = await serve();
const app = createApp({
  setup() {
    const board = useVelox(url);
    return () => h('b', board.value?.title ?? 'Loading');
  },
});
app.mount(document.body);
await until(() => document.body.textContent === 'One', 'the first value');
state.update((draft) => void (draft.title = 'Two'));
await until(() => document.body.textContent === 'Two', 'a change');
app.unmount();
console.log(`vue ${version}`);
process.exit(0);

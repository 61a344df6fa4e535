// Needs `--conditions=browser`.
import './page.mjs';
import { writeFileSync } from 'node:fs';
import { mount, unmount } from 'svelte';
import { compile, VERSION } from 'svelte/compiler';
import { serve, until } from './serve.mjs';

const { state, url } = await serve();
const source = `<script>
  import { velox } from '@velox/svelte';
  let { url } = $props();
  const board = velox(url);
</script>
<b>{board.current?.title ?? 'Loading'}</b>`;
writeFileSync('Title.mjs', compile(source, { generate: 'client', filename: 'Title.svelte' }).js.code);
const { default: Title } = await import('./Title.mjs');
const component = mount(Title, { target: document.body, props: { url } });
await until(() => document.body.textContent === 'One', 'the first value');
state.update((draft) => void (draft.title = 'Two'));
await until(() => document.body.textContent === 'Two', 'a change');
unmount(component);
console.log(`svelte ${VERSION}`);
process.exit(0);

// A host with React Native's globals: no document, no location, no streams from fetch, and a WebSocket.
import { WebSocket } from 'ws';
import { serve, until } from './serve.mjs';

const { state, url } = await serve();
Object.defineProperty(globalThis, 'navigator', { value: { product: 'ReactNative' }, configurable: true });
Object.assign(globalThis, { window: globalThis, WebSocket });
delete globalThis.ReadableStream;
const { shared } = await import('@velox/core');
const sync = shared(url);
const replica = sync.replica();
replica.subscribe(() => {});
await until(() => replica.get()?.title === 'One', 'the first value');
state.update((draft) => void (draft.title = 'Two'));
await until(() => replica.get()?.title === 'Two', 'a change');
console.log(`react native: ${sync.status.get().transport}`);
process.exit(0);

/** `velox.js` has this file in place of `platform/load.ts`: it fetches `velox-more.js`, which the plugin beside this file builds. */
import { id, path } from 'virtual:velox-more';

/** The URL of velox.js. It is known while the script runs for the first time, except in a worker. */
const src = globalThis.document?.currentScript?.src;

export let loaded;

/** @throws Error if the file is missing, or belongs to another velox.js. */
export async function load() {
  if (loaded) return loaded;
  const url = src ? new URL(path, src).href : path;
  const advice = `${url} was not loaded, which velox.js needs. Serve the file of the same version.`;
  const more = await import(/* @vite-ignore */ url).catch((cause) => {
    throw new Error(advice, { cause });
  });
  if (more.id !== id) throw new Error(advice);
  return (loaded = more);
}

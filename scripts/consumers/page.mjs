import { JSDOM } from 'jsdom';

/** Gives this process the globals of a page, without replacing Node's fetch. */
const { window } = new JSDOM('<body></body>', { url: 'http://127.0.0.1/', pretendToBeVisual: true });
for (const name of [
  'document',
  'navigator',
  'HTMLElement',
  'Node',
  'Element',
  'Text',
  'Comment',
  'SVGElement',
  'MutationObserver',
  'Event',
  'CustomEvent',
  'requestAnimationFrame',
  'cancelAnimationFrame',
  'HTMLIFrameElement',
  'HTMLInputElement',
  'ShadowRoot',
  'getComputedStyle',
  'DOMParser',
]) {
  globalThis[name] ??= window[name];
}
globalThis.window = globalThis;
globalThis.location ??= window.location;
globalThis.addEventListener ??= window.addEventListener.bind(window);
globalThis.removeEventListener ??= window.removeEventListener.bind(window);
globalThis.dispatchEvent ??= window.dispatchEvent.bind(window);

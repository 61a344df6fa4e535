import { shallow } from '../reactive/shallow.js';
import { CALLBACKS, type SharedOptions } from './registry.js';

/** The options of a component that gives them to others, and renders often. */
export interface KeptOptions {
  /** Returns the former options while `next` is shallow-equal to them. Callbacks written inline count as equal. */
  readonly keep: (next: SharedOptions) => SharedOptions;
  /** Called when `next` is on the screen: the kept callbacks call those of `next` from now on. */
  readonly renew: (next: SharedOptions) => void;
}

/** Keeps options as the same object while only their callbacks change, so that components that read them need not render. */
export function createKeptOptions(): KeptOptions {
  let newest: Record<string, unknown> | undefined;
  let kept: Record<string, unknown> = {};
  /** The callbacks of `kept`: the same ones for all options. */
  const callbacks: Record<string, () => unknown> = {};
  for (const name of CALLBACKS) callbacks[name] = () => (newest?.[name] as (() => unknown) | undefined)?.();
  return {
    keep(options) {
      const next: Record<string, unknown> = { ...options };
      newest ??= { ...options }; // a connection may open before the first rendering is on the screen
      for (const name of CALLBACKS) if (typeof next[name] === 'function') next[name] = callbacks[name];
      if (!shallow(kept, next)) kept = next;
      return kept;
    },
    renew(options) {
      newest = { ...options };
    },
  };
}

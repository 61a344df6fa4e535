import { VeloxError } from '@velox/core/protocol';
import type { DeepReadonly, StateOptions } from '../state/state.js';
import { isViewedState } from './viewed-state.js';

/** How a topic's value appears to its clients. */
export interface ViewOptions<T, A, V, Context = unknown> {
  /**
   * Which clients see the same: a string or plain JSON that names their audience. Asked when a client subscribes, when it sends a new token,
   * and by `recheck`. Default: all clients are one audience, `null`.
   */
  readonly audience?: (context: Context) => A;
  /**
   * Returns the value of an audience. It must be pure: it runs once per audience and revision, and may run again. `value` is immutable,
   * and the result must not be changed later.
   */
  readonly view: (value: DeepReadonly<T>, audience: A) => V;
}

/** The same if the types are not known. */
export interface AnyViewOptions {
  readonly audience?: (context: never) => unknown;
  readonly view: (value: never, audience: never) => unknown;
}

/**
 * Returns the view of a published value, if it has one.
 *
 * @throws VeloxError `bad-option` for an audience without a view, and for a value that has a view already.
 */
export function viewOf(
  value: unknown,
  { audience, view, ...options }: StateOptions & Partial<AnyViewOptions> = {},
): (StateOptions & AnyViewOptions) | undefined {
  if (isViewedState(value)) {
    const advice = 'Pass its object or its state.';
    throw new VeloxError('bad-option', `a state with a view cannot be published again. ${advice}`);
  }
  if (view) return { ...options, view, ...(audience && { audience }) };
  if (!audience) return undefined;
  throw new VeloxError('bad-option', 'the option audience has no effect without a view. Pass view, too.');
}

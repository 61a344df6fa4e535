import type { Source } from '@velox/core';
import {
  createKeptOptions,
  sourceWith,
  type DefaultedSource,
  type SourceDefaults,
} from '@velox/core/adapter';
import {
  createContext,
  createElement,
  useContext,
  useInsertionEffect,
  useState,
  type ReactNode,
} from 'react';

/** The defaults of a {@link VeloxProvider} for all components inside it. */
export type VeloxDefaults = SourceDefaults;

/** A source that may omit the defaults of a {@link VeloxProvider}; `undefined` means the default topic. */
export type ProvidedSource<T> = DefaultedSource<T>;

const Defaults = createContext<VeloxDefaults>({});

/**
 * Sets URL and options for sources inside it that have none of their own. It is optional, and does not affect replicas. `auth`, `headers`
 * and `onClose` may be written inline: the newest are called. While the other options stay the same, no component inside renders.
 *
 * @example
 * <VeloxProvider url="/sync" transport="sse"><App /></VeloxProvider> // useVelox({ topic: 'board' })
 */
export function VeloxProvider({
  children,
  ...defaults
}: VeloxDefaults & { children?: ReactNode }): ReactNode {
  const [{ keep, renew }] = useState(createKeptOptions);
  useInsertionEffect(() => renew(defaults));
  return createElement(Defaults.Provider, { value: keep(defaults) }, children);
}

/**
 * Returns the source with the defaults of the provider.
 *
 * @throws VeloxError `bad-url` when neither has a URL.
 */
export function useSource<T>(source: ProvidedSource<T>): Source<T> {
  return sourceWith(useContext(Defaults), source);
}

import { VeloxError, type Replica, type SharedOptions, type Source } from '@velox/core';
import { createContext, createElement, useContext, type ReactNode } from 'react';

/** The defaults of a {@link VeloxProvider} for all components inside it. */
export interface VeloxDefaults extends SharedOptions {
  /** The endpoint of sources without a URL; the base of relative ones. */
  readonly url?: string | undefined;
}

type Endpoint<T> = Exclude<Source<T>, string | Replica<T>>;

/** A source that may omit the defaults of a {@link VeloxProvider}; `undefined` means the default topic. */
export type ProvidedSource<T> =
  Source<T> | (Omit<Endpoint<T>, 'url'> & { readonly url?: undefined }) | undefined;

const Defaults = createContext<VeloxDefaults>({});

/**
 * Sets URL and options for sources inside it that have none of their own. It is optional, and does not affect replicas.
 *
 * @example
 * <VeloxProvider url="/sync" transport="sse"><App /></VeloxProvider> // useVelox({ topic: 'board' })
 */
export function VeloxProvider({
  children,
  ...defaults
}: VeloxDefaults & { children?: ReactNode }): ReactNode {
  return createElement(Defaults.Provider, { value: defaults }, children);
}

/**
 * Returns the source with the defaults of the provider.
 *
 * @throws VeloxError `no-transport` when neither has a URL.
 */
export function useSource<T>(source: ProvidedSource<T>): Source<T> {
  const { url: base, ...defaults } = useContext(Defaults);
  if (typeof source === 'object' && 'get' in source) return source;
  const own = typeof source === 'string' ? { url: source } : source;
  const { url = base && '' } = own ?? {}; // relative to the base, '' is the base itself
  if (url === undefined) {
    throw new VeloxError('no-transport', 'useVelox has no URL. Pass one, or one to a VeloxProvider.');
  }
  return { base, ...defaults, ...own, url };
}

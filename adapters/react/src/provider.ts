import { VeloxError, type Replica, type SharedOptions, type Source } from '@velox/core';
import { createContext, createElement, useContext, type ReactNode } from 'react';

/** What a {@link VeloxProvider} says for all inside of it. */
export interface VeloxDefaults extends SharedOptions {
  /** The endpoint of sources without a URL; the base of relative ones. */
  readonly url?: string | undefined;
}

type Endpoint<T> = Exclude<Source<T>, string | Replica<T>>;

/** A source that may leave to a {@link VeloxProvider} what that one says; none at all is its default topic. */
export type ProvidedSource<T> =
  Source<T> | (Omit<Endpoint<T>, 'url'> & { readonly url?: undefined }) | undefined;

const Defaults = createContext<VeloxDefaults>({});

/**
 * Sets the URL and the options of sources inside of it that have none of their own; it is optional. Replicas are left as they are.
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
 * The source with the defaults of the provider.
 *
 * @throws VeloxError `no-transport` when neither has a URL.
 */
export function useSource<T>(source: ProvidedSource<T>): Source<T> {
  const { url: base, ...defaults } = useContext(Defaults);
  if (typeof source === 'object' && 'get' in source) return source;
  const own = typeof source === 'string' ? { url: source } : source;
  const { url = base && '' } = own ?? {}; // relative to the base, that is the base itself
  if (url === undefined) {
    throw new VeloxError('no-transport', 'useVelox has no URL. Pass one, or one to a VeloxProvider.');
  }
  return { base, ...defaults, ...own, url };
}

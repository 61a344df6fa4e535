import { EXPLAINED } from '#development';
import { VeloxError } from '../protocol/error.js';
import type { Replica } from '../replicas/replica.js';
import type { SharedOptions, Source } from './registry.js';

/** The defaults of sources, for adapters that have some. */
export interface SourceDefaults extends SharedOptions {
  /** The endpoint of sources without a URL; the base of relative ones. */
  readonly url?: string | undefined;
}

type Endpoint<T> = Exclude<Source<T>, string | Replica<T>>;

/** A source that may omit what it has defaults for; `undefined` means the default topic. */
export type DefaultedSource<T> =
  Source<T> | (Omit<Endpoint<T>, 'url'> & { readonly url?: string | undefined }) | undefined;

/**
 * Returns the source, completed by the defaults.
 *
 * @throws VeloxError `bad-url` when neither has a URL.
 */
export function sourceWith<T>(
  { url: base, ...defaults }: SourceDefaults,
  source: DefaultedSource<T>,
): Source<T> {
  if (typeof source === 'object' && 'get' in source) return source;
  const own = typeof source === 'string' ? { url: source } : source;
  const { url = base && '' } = own ?? {}; // relative to the base, '' is the base itself
  if (url === undefined) {
    throw new VeloxError(
      'bad-url',
      EXPLAINED && 'a source has no URL. Pass one, or set one for all sources around it.',
    );
  }
  return { base, ...defaults, ...own, url };
}

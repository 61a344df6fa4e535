import type { Lookup } from '@velox/core/adapter';
import { useRef } from 'react';

/** Returns the memory of this component for the connection of one source. */
export function useLookup(): Lookup {
  return useRef<Lookup>({}).current;
}

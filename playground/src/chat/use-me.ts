import { useEffect, useState } from 'react';
import type { Person } from '../contract.js';
import { sync } from '../sync.js';

let asked: Promise<Person> | undefined;

/** This visitor, as the server names it; undefined until it has answered. */
export function useMe(): Person | undefined {
  const [me, setMe] = useState<Person>();
  useEffect(() => {
    let isMounted = true;
    asked ??= sync().call('me', null, { timeout: Infinity, idempotent: true });
    asked.then(
      (person) => isMounted && setMe(person),
      () => (asked = undefined),
    );
    return () => void (isMounted = false);
  }, []);
  return me;
}

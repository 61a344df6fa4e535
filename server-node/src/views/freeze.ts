/** Freezes a JSON value. Containers that are frozen already are skipped with all in them, so a step costs only its change. */
export function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
  Object.freeze(value);
  for (const child of Object.values(value)) freeze(child);
}

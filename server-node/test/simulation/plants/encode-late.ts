import { LocalState as OriginalState } from '../../../src/state/local-state.js';
export * from '../../../src/state/local-state.js';

interface Operation {
  readonly path: string;
  readonly value?: unknown;
}

/** Operations hold the values of the moment when they leave, not of the moment of the change. */
export class LocalState<T> extends OriginalState<T> {
  override since(version: number): string | undefined {
    const text = super.since(version);
    if (text === undefined) return undefined;
    const late = (JSON.parse(text) as Operation[]).map((operation) => {
      const now = this.#at(operation.path);
      return 'value' in operation && now !== undefined ? { ...operation, value: now } : operation;
    });
    return JSON.stringify(late);
  }

  #at(path: string): unknown {
    const keys = path.split('/').slice(1);
    return keys.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], this.get());
  }
}

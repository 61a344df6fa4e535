import type { VeloxError } from '@velox/core/protocol';

/** Shows each trouble of a mesh once on stderr, and again only after it was over. */
export class Warnings {
  readonly #shown = new Set<string>();

  /** @param trouble identifies the trouble, such as `refused by app-1:7400` */
  show(trouble: string, { message, code, cause }: VeloxError): void {
    if (this.#shown.has(trouble)) return;
    this.#shown.add(trouble);
    const detail = cause instanceof Error ? { detail: cause.message } : {};
    process.emitWarning(message, { type: 'VeloxWarning', code, ...detail });
  }

  end(trouble: string): void {
    this.#shown.delete(trouble);
  }
}

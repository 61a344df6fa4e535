import { advance as advanceOriginal } from '../../../../core/src/protocol/document.js';
export * from '../../../../core/src/protocol/document.js';

/** A delta is applied to whichever version the client has. */
export const advance: typeof advanceOriginal = (document, frame, ...rest) => {
  const from = 'delta' in frame && frame.version > (document?.version ?? 0) ? startOf(frame) : undefined;
  return advanceOriginal(
    document && from !== undefined ? { ...document, version: from } : document,
    frame,
    ...rest,
  );
};

function startOf({ from, version }: { readonly from?: number; readonly version: number }): number {
  return from ?? version - 1;
}

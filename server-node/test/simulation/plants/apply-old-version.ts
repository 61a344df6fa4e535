import { advance as advanceOriginal } from '../../../../core/src/protocol/document.js';
export * from '../../../../core/src/protocol/document.js';

/** A frame at or below the client's own version is applied again. */
export const advance: typeof advanceOriginal = (document, frame, ...rest) => {
  const { from = frame.version - 1, body } = frame as { readonly from?: number; readonly body?: unknown };
  const isOld = document && body !== undefined && from < document.version;
  return advanceOriginal(isOld ? { ...document, version: from } : document, frame, ...rest);
};

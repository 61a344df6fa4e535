import { VeloxError } from '@velox/core/protocol';

/** A query or a notification of our own that takes longer means that the connection is dead, in ms. */
const PATIENCE_MS = 5_000;

/** @throws VeloxError `timeout`: PostgreSQL has not answered within 5 s */
export async function inTime<T>(promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const text = `PostgreSQL has not answered for ${PATIENCE_MS} ms. Look at its log.`;
    timer = setTimeout(() => reject(new VeloxError('timeout', text)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

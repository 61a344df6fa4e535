import { VeloxError } from '@velox/core/protocol';
import { inTime } from '../../cluster/in-time.js';

/** A query or a notification of our own that takes longer means that the connection is dead, in ms. */
const PATIENCE_MS = 5_000;

/** @throws VeloxError `timeout`: PostgreSQL has not answered within 5 s */
export const answerOf = <T>(question: Promise<T>): Promise<T> => inTime(question, PATIENCE_MS, unanswered);

const unanswered = (): VeloxError =>
  new VeloxError('timeout', `PostgreSQL has not answered for ${PATIENCE_MS} ms. Look at its log.`);

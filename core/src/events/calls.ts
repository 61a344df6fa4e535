import { EXPLAINED } from '#development';
import { CallError } from '../protocol/call-error.js';
import type { Connection } from '../connection/options.js';
import type { ReplyFrame } from '../protocol/frames.js';
import { LONGEST_TIMER_MS } from '../protocol/timer.js';
import type { OptimisticChange } from './optimistic-change.js';
import type { EventQueue, Ticket } from './event-queue.js';

/** How a call is made. */
export interface CallOptions {
  /** How long to wait for the reply, in ms; default 10,000. Infinity, or more than 24 days: for ever. */
  readonly timeout?: number | undefined;
  /** Cancels the call when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /** The call may run twice: it is sent again if its session ended before the reply. Default false. */
  readonly idempotent?: boolean | undefined;
  /** Changes that are shown until the server's own arrives, made by `optimistic` of `@velox/core/optimistic`. */
  readonly optimistic?: OptimisticChange | readonly OptimisticChange[] | undefined;
}

/** The calls of a client that wait for a reply. */
export interface Calls {
  readonly size: () => number;
  /** @param encode returns the text of the frame for a number */
  readonly call: (name: string, encode: (call: number) => string, options?: CallOptions) => Promise<unknown>;
  readonly reply: (frame: ReplyFrame) => void;
  /** The server does not know the former session: calls that were written may have run there. */
  readonly onNewSession: () => void;
  readonly close: () => void;
}

interface Pending {
  /** Ends the call with its reply, or with an error. */
  readonly settle: (error: CallError | undefined, data?: unknown) => void;
  readonly onNewSession: () => void;
}

/** @param onChange called when there is something to write, or fewer calls wait */
export function createCalls(queue: EventQueue, onFrame: Connection['onFrame'], onChange: () => void): Calls {
  const pending = new Map<number, Pending>();
  let last = 0;

  return {
    size: () => pending.size,
    call(name, encode, { timeout = 10_000, signal, idempotent, optimistic = [] } = {}) {
      const call = ++last;
      const text = encode(call);
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(cancelled());
        const ends = [optimistic].flat().map((change) => change.begin(call, onFrame));
        let timer: ReturnType<typeof setTimeout> | undefined;
        let ticket: Ticket | undefined;
        const write = (): void => {
          ticket = queue.add(text, '', (code) => settle(lost(code === 'unknown-outcome')));
        };
        const settle: Pending['settle'] = (error, data) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          pending.delete(call);
          if (ticket) queue.remove(ticket); // another session must not run it again
          for (const end of ends) end();
          if (error) reject(error);
          else resolve(data);
          onChange();
        };
        const cancel = (error: CallError): void => {
          if (ticket?.isWritten) queue.add(`{"cancel":${call}`); // the server need not answer any more
          settle(error);
        };
        const abort = (): void => cancel(cancelled());
        const expire = (): void =>
          cancel(new CallError('timeout', EXPLAINED && `the call "${name}" got no reply in ${timeout} ms.`));
        pending.set(call, {
          settle,
          onNewSession() {
            if (!ticket?.isWritten) return;
            if (!idempotent) return settle(lost(true));
            if (!queue.has(ticket)) write(); // otherwise it keeps its place
          },
        });
        signal?.addEventListener('abort', abort);
        if (timeout <= LONGEST_TIMER_MS) timer = setTimeout(expire, timeout);
        write(); // last: a queue without room drops it immediately
        onChange();
      });
    },
    reply({ reply, data, error }) {
      pending.get(reply)?.settle(error && new CallError(error.code, error.message, error.data), data);
    },
    onNewSession() {
      for (const each of pending.values()) each.onNewSession();
    },
    close() {
      for (const { settle } of pending.values()) settle(cancelled());
    },
  };
}

const cancelled = (): CallError =>
  new CallError('cancelled', EXPLAINED && 'the call was cancelled, or its connection closed.');
const lost = (isWritten: boolean): CallError =>
  new CallError(
    isWritten ? 'unknown-outcome' : 'dropped',
    EXPLAINED &&
      (isWritten ? 'the session ended. The call may have run.' : 'it waited too long, or too many did.'),
  );

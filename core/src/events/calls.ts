import { CallError } from '../protocol/call-error.js';
import type { MadeFrame, ReplyFrame } from '../protocol/frames.js';
import type { OptimisticChange, ShownChange } from './optimistic-change.js';
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
  /** The next state frame of a topic has the effect of these calls. */
  readonly made: (frame: MadeFrame) => void;
  /** The server does not know the former session: calls that were written may have run there. */
  readonly onNewSession: () => void;
  readonly close: () => void;
}

interface Pending {
  readonly text: string;
  readonly isIdempotent: boolean;
  readonly ticket: Ticket;
  readonly shown: readonly ShownChange[];
  /** Ends the call with its reply, or with an error. */
  readonly settle: (error: CallError | undefined, data?: unknown) => void;
}

/** @param onChange called when there is something to write, or fewer calls wait */
export function createCalls(queue: EventQueue, onChange: () => void): Calls {
  const pending = new Map<number, Pending>();
  let last = 0;
  const queueCall = (call: number, text: string): Ticket =>
    queue.add(text, '', (code) => pending.get(call)?.settle(lostCall(code === 'unknown-outcome')));

  return {
    size: () => pending.size,
    call(name, encode, { timeout = 10_000, signal, idempotent = false, optimistic = [] } = {}) {
      const call = ++last;
      const text = encode(call);
      return new Promise((resolve, fail) => {
        let timer: ReturnType<typeof setTimeout> | undefined;
        const settle: Pending['settle'] = (error, data) => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', abort);
          const own = pending.get(call);
          if (own) queue.remove(own.ticket); // another session must not run it again
          pending.delete(call);
          for (const { end } of shown) end();
          if (error) fail(error);
          else resolve(data);
          onChange();
        };
        /** The server need not answer any more. */
        const cancel = (code: string, message: string): void => {
          const { ticket } = pending.get(call)!;
          if (ticket.isWritten) queue.add(`{"cancel":${call}`);
          settle(new CallError(code, message));
        };
        const abort = (): void => cancel('cancelled', 'the call was cancelled.');
        if (signal?.aborted) return fail(new CallError('cancelled', 'the call was cancelled.'));
        const shown = [optimistic].flat().map((change) => change.begin());
        pending.set(call, { text, isIdempotent: idempotent, ticket: queueCall(call, text), shown, settle });
        signal?.addEventListener('abort', abort);
        // A timer of 2^31 ms or more fires immediately.
        if (timeout < 2 ** 31) {
          timer = setTimeout(
            () => cancel('timeout', `the call "${name}" got no reply in ${timeout} ms.`),
            timeout,
          );
        }
        onChange();
      });
    },
    reply({ reply, data, error }) {
      pending.get(reply)?.settle(error && new CallError(error.code, error.message, error.data), data);
    },
    made({ made, topic }) {
      for (const call of made) for (const shown of pending.get(call)?.shown ?? []) shown.made(topic);
    },
    onNewSession() {
      for (const [call, each] of [...pending]) {
        if (!each.ticket.isWritten) continue;
        if (each.isIdempotent) {
          queue.remove(each.ticket);
          pending.set(call, { ...each, ticket: queueCall(call, each.text) });
        } else each.settle(lostCall(true));
      }
    },
    close() {
      for (const { settle } of [...pending.values()])
        settle(new CallError('cancelled', 'the connection was closed.'));
    },
  };
}

const lostCall = (isWritten: boolean): CallError =>
  isWritten
    ? new CallError('unknown-outcome', 'the session ended. The call may have run.')
    : new CallError('dropped', 'it waited too long, or too many did.');

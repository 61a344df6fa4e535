import type { Message } from '../wire/message.js';
import type { Sent } from './event-limits.js';

/** How a message was to be sent: as `Session.send` and `Session.sendVolatile` take it. */
export type Sending = { readonly isUrgent: boolean } | { readonly volatileKey: string };

interface SuccessorCallOptions {
  readonly timeout?: number;
  readonly signal?: AbortSignal;
}

/** Acts for a session that has gone to another node. */
export interface Successor {
  /** Calls the client, and resolves with its reply. */
  call(name: string, data: unknown, options: SuccessorCallOptions): Promise<unknown>;
  /** Resolves when the room receives the events of all nodes there, or after half a minute. */
  join(room: string): Promise<void>;
  /** The same for a room that the client asked to join, unless it has left the room meanwhile. */
  enter(room: string): Promise<void>;
  leave(room: string): void;
  /** Shows data of the client in a room, unless the client has sent newer data to the new node. */
  show(room: string, mine: unknown): void;
  /** Asks the application again how the session is shown. */
  refresh(): void;
  close(code: string, reason: string): void;
}

/**
 * Takes the messages for a session that moves between nodes.
 *
 * | `is` | meaning |
 * | --- | --- |
 * | `arriving` | the former node still has the session; it cannot be resumed here yet |
 * | `arrived` | it is here, and some messages may come over both nodes |
 * | `gone` | another node has it |
 */
export type Redirect = { readonly send: (message: Message, how: Sending) => Sent } & (
  { readonly is: 'arriving' | 'arrived' } | { readonly is: 'gone'; readonly successor: Successor }
);

/** Whether a session is on this node: it has neither gone nor not arrived yet. */
export function isHere({ redirect }: { readonly redirect: Redirect | undefined }): boolean {
  return redirect === undefined || redirect.is === 'arrived';
}

/** Returns what acts for a session that has gone to another node; undefined for one that is here. */
export function successorOf({
  redirect,
}: {
  readonly redirect: Redirect | undefined;
}): Successor | undefined {
  return redirect?.is === 'gone' ? redirect.successor : undefined;
}

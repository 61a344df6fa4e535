/**
 * The error of a call. A handler throws one to answer with a code of its own; the caller receives it with the same code, message and data.
 *
 * | code | meaning |
 * | --- | --- |
 * | `no-handler` | the other side does not answer calls of that name |
 * | `internal` | the handler failed; its error is reported on its own side |
 * | `timeout` | no reply came in time |
 * | `cancelled` | the caller's signal was aborted, or its connection was closed |
 * | `unknown-outcome` | the session ended after the call was written, or too much waited for a client: it may have run |
 * | `dropped` | the call was never written: it waited too long, or too many did |
 * | `invalid` | a schema refuses the data; `data.paths` says where, as JSON Pointers, and never names a value |
 * | `too-many` | too many calls of the session are running, or it is in too many rooms |
 * | `forbidden` | `canJoin` does not grant the room, or the hub has no `canJoin` |
 * | `bad-room` | the name of the room is no text, empty or too long, or has control characters |
 * | `no-presence` | the server shows no presence, or none in that room |
 * | `too-large` | the data for presence has more bytes than `limits.presence` |
 *
 * @example throw new CallError('sold-out', 'there are no tickets left.', { next: '2027-01-01' })
 */
export class CallError extends Error {
  override readonly name = 'CallError';
  declare readonly code: string;
  /** Further information for the caller, as JSON. */
  declare readonly data: unknown;

  /** @param message default: the code */
  constructor(code: string, message: string | false, data?: unknown) {
    super(message || code);
    this.code = code;
    this.data = data;
  }
}

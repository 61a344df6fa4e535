import { checkCall, checkEmit, checkListener, EXPLAINED } from '#development';
import { loaded } from '../platform/load.js';
import type { Connection, EventConnection } from '../connection/options.js';
import type {
  AnyContract,
  CallData,
  CallName,
  CallReply,
  CallResult,
  Contract,
  EventData,
  EventName,
  RoomName,
  TopicName,
  TopicValue,
} from '../protocol/contract.js';
import { VeloxError } from '../protocol/error.js';
import type { EventFrame, Hello, Limits } from '../protocol/frames.js';
import { createSignal, once, type Readable } from '../reactive/readable.js';
import type { Initial, Replica } from '../replicas/replica.js';
import type { Answer } from './answers.js';
import { createCalls, type CallOptions } from './calls.js';
import type { Channel, EmitOptions, Listener, On, Reconnection, Sent } from './channel.js';
import { createDropCounter } from './drop-counter.js';
import { createEventQueue } from './event-queue.js';
import { checkText, eventText } from './event-text.js';
import { createConnectionHold } from './connection-hold.js';
import { createPacer } from './pacer.js';
import { createRooms } from './rooms.js';

/** Returns the replica of a topic, the same one while it is in use. A contract limits the topics to its own. */
export type ReplicaOf<C extends Contract> = AnyContract extends C
  ? <T>(topic?: string, initial?: Initial<T>) => Replica<T>
  : <N extends TopicName<C>>(topic: N, initial?: Initial<TopicValue<C, N>>) => Replica<TopicValue<C, N>>;

/** One connection to one endpoint: its topics, and messages both ways. */
export interface Sync<C extends Contract = AnyContract> extends Omit<Connection, 'replica'> {
  /** The replica of a topic (default: the endpoint's default topic), the same one while it is in use. */
  readonly replica: ReplicaOf<C>;
  /**
   * Sends an event: in order, and exactly once while the session lives. Without a link it waits, up to 15 s. With a link it waits while
   * 1,000 are under way, or while four fifths of the server's limit on frames per second are used up. If more than 1,000 wait, the
   * oldest are dropped. If the server has lost the session, the new one gets the events that were not acknowledged.
   *
   * @returns `sent` if it was written, `queued` if it waits, `dropped` if it is volatile and cannot leave now
   * @throws VeloxError `not-json`, `closed`; `bad-option` for the name; `too-large`, `too-deep` if the server would refuse it.
   */
  readonly emit: <N extends EventName<C>>(event: N, data: EventData<C, N>, options?: EmitOptions) => Sent;
  /**
   * Calls back with each event of a name, or of several names if an object of listeners is passed. Changes that the server made before an
   * event are visible before it. Keeps the connection open until the returned function is called.
   */
  readonly on: On<C>;
  /** The same for the next event alone. */
  readonly once: <N extends EventName<C>>(event: N, listener: (data: EventData<C, N>) => void) => () => void;
  /**
   * A lane of the queue with listeners of its own. Lanes take turns, so a busy lane does not delay the others. A name always means the same
   * lane.
   */
  readonly channel: (name: string) => Channel<C>;
  /** Calls back with each later link. Without a new session and lost events, the client missed nothing. */
  readonly onReconnect: (listener: (reconnection: Reconnection) => void) => () => void;
  /** How many events of either side were given up: they waited too long, too many events waited, or a new server does not accept them. */
  readonly dropped: Readable<number>;
  /**
   * Calls the server, and resolves with its reply. A call runs at most once, unless it is `idempotent`. Rejects with a CallError: that of
   * the handler, `no-handler`, `internal`, `timeout`, `cancelled`, `dropped`, or `unknown-outcome` if the session ended after the call
   * was written.
   *
   * @throws VeloxError `not-json`, `closed`; `bad-option` for the name; `too-large`, `too-deep` if the server would refuse it.
   */
  readonly call: <N extends CallName<C>>(
    name: N,
    data: CallData<C, N>,
    options?: CallOptions,
  ) => Promise<CallReply<C, N>>;
  /**
   * Answers the calls of the server. The reply is the result; a CallError travels, any other error becomes `internal` and is reported here.
   * Keeps the connection open until the returned function is called.
   *
   * @throws VeloxError `bad-option` if the call has a handler.
   */
  readonly answer: <N extends CallName<C>>(
    name: N,
    handler: (data: CallData<C, N>) => CallResult<C, N> | Promise<CallResult<C, N>>,
  ) => () => void;
  /**
   * Joins a room, if the server's `canJoin` allows it, and joins it again in each new session. Keeps the connection open until the returned
   * function is called, which leaves the room.
   */
  readonly join: (room: RoomName<C>) => () => void;
}

/** Adds messages to a connection. */
export function createSync<C extends Contract = AnyContract>(connection: EventConnection): Sync<C> {
  const { hello, send, flush, hold, events, ...publicMembers } = connection;
  const { status, onFrame } = publicMembers;
  const heard = createSignal<[EventFrame]>();
  const reconnects = createSignal<[Reconnection]>();
  const limits = (): Limits | undefined => hello()?.limits;
  const check = (text: string): void => checkText(text, limits()); // limits of version 2 throw
  const drops = createDropCounter();
  const queue = createEventQueue(drops.add, events);
  const pacer = createPacer(() => limits()?.rate, settle);
  const connectionHold = createConnectionHold(hold, () => {
    if (!open)
      settle(); // frames may have expired meanwhile
    else if (queue.size()) send('{"ping":true,"ack":true}');
  });
  let open = status.get().state === 'open';
  /** The session of the newest link that this object has seen. */
  let session = open ? hello()!.session : undefined;
  let over = false;
  /** How many events had been dropped when the last link was lost. */
  let droppedBefore = 0;
  if (open) queue.resume(true, 0, check); // its hello was before us, and its session has had no event of ours

  const calls = createCalls(queue, onFrame, settle);
  // Async, because a call throws after close(), and leaving a room must not throw.
  const rooms = createRooms(async (name, room) => call(name, room, { timeout: Infinity }), settle);
  const answers = new Map<string, Answer>();

  const encode = (name: string, data: unknown, more: string, channel?: string): string => {
    if (over) throw new VeloxError('closed', EXPLAINED && 'the connection was closed. Create a new one.');
    return eventText(name, data, limits(), more, channel);
  };
  function call(name: string, data: unknown, options?: CallOptions): Promise<unknown> {
    checkCall(options);
    const made = options?.optimistic ? ',"made":true' : '';
    return calls.call(name, (number) => encode(name, data, `,"call":${number}${made}`), options);
  }
  const emit = (event: string, data: unknown, options: EmitOptions = {}): Sent => {
    checkEmit(options);
    const { channel = '', volatile: isVolatile, onDrop } = options;
    const text = encode(event, data, '', channel);
    if (!isVolatile) {
      const ticket = queue.add(text, channel, onDrop);
      settle();
      return ticket.isWritten ? 'sent' : 'queued';
    }
    if (!open || !pacer.left()) return 'dropped';
    send(`${text},"seq":0}`);
    pacer.spend(1);
    return 'sent';
  };
  /** Something is to be written, or less is pending. */
  function settle(): void {
    if (open) {
      rooms.repeat();
      const texts = queue.take(pacer.left());
      texts.forEach(send);
      pacer.spend(texts.length);
    }
    connectionHold.need(queue.size() + calls.size() > 0);
  }
  const onNewSession = (): void => {
    rooms.onNewSession();
    calls.onNewSession();
  };
  const onHello = ({ session: next, was = next, ack, dropped = 0 }: Hello): void => {
    if (status.get().state !== 'open') return; // a listener of the status has left that link already
    const isSame = was === session;
    const hadSession = session !== undefined;
    session = next;
    drops.receive(dropped, isSame);
    queue.resume(isSame, ack, check, hadSession ? onNewSession : undefined);
    open = true;
    settle();
    const lost = drops.count.get() - droppedBefore;
    if (hadSession) reconnects.emit({ recovered: isSame && !lost, dropped: lost });
  };

  status.subscribe(() => {
    if (!open || status.get().state === 'open') return;
    open = false;
    droppedBefore = drops.count.get();
    queue.suspend();
  });
  onFrame((frame) => {
    if ('hello' in frame) onHello(frame.hello);
    else if ('dropped' in frame) drops.receive(frame.dropped);
    else if ('ack' in frame && !('ping' in frame)) {
      queue.acknowledge(frame.ack);
      settle();
    } else if ('reply' in frame) {
      calls.reply(frame); // first: a change goes together with the frames that have its effect
      flush();
    } else if ('event' in frame) {
      flush();
      if (!frame.call) return heard.emit(frame);
      // Without this code the call stays unanswered, so the server's own time for it ends.
      void loaded?.replyTo(frame, answers.get(frame.event), queue, check).then(settle);
    }
  });

  /** Keeps the connection open until the returned function is called. */
  const keepOpen = (end: () => unknown): (() => void) => {
    const release = hold();
    return once(() => {
      end();
      release();
    });
  };
  type Listeners = string | Readonly<Record<string, Listener>>;
  const listen = (channel: string) =>
    ((event: Listeners, listener: Listener) => {
      checkListener(listener, 'on()', event);
      const all = Object.entries(typeof event === 'object' ? event : { [event]: listener });
      const ends = all.map(([name, listener]) =>
        heard.on((frame) => {
          if (frame.event === name && (frame.channel ?? '') === channel) listener(frame.data);
        }),
      );
      return keepOpen(() => ends.forEach((end) => end()));
    }) as On<C>; // The contract promises the overloads; no inference sees them.
  const on = listen('');

  return {
    ...publicMembers,
    dropped: drops.count,
    emit,
    on,
    once(event, listener) {
      checkListener(listener, 'once()');
      const end = on(event, (data) => {
        end();
        listener(data);
      });
      return end;
    },
    channel: (channel) => ({
      emit: (event, data, options) => emit(event, data, { ...options, channel }),
      on: listen(channel),
      send: (data, options) => emit('', data, { ...options, channel }),
      onMessage: (listener) => (listen(channel) as On)('', listener),
    }),
    onReconnect: (listener) => keepOpen(reconnects.on(listener)),
    call: call as Sync<C>['call'],
    answer(name, handler) {
      checkListener(handler, 'answer()');
      if (answers.has(name)) {
        throw new VeloxError('bad-option', EXPLAINED && `the call "${name}" has a handler. Remove it first.`);
      }
      answers.set(name, handler as Answer);
      return keepOpen(() => answers.delete(name));
    },
    join: (room) => keepOpen(rooms.join(room)),
    close() {
      over = true;
      calls.close();
      queue.clear();
      connectionHold.stop();
      pacer.stop();
      publicMembers.close();
    },
  };
}

/**
 * The frames of protocol version 3, as PROTOCOL.md specifies them. Shared by client and server;
 * the same objects travel over every transport, one JSON object per message.
 */
import type { BinaryPart } from './data-text.js';

/** The version that a version 3 client asks for with the query `velox=3`. */
export const PROTOCOL_VERSION = 3;

/** A position of a topic: its epoch (`id`, random) and its `version`, counted from 1. */
export interface Position {
  readonly id: string;
  readonly version: number;
}

/** One operation of a JSON Patch (RFC 6902); paths are JSON Pointers (RFC 6901). */
export type Operation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** The whole value of a topic. `topic` is absent for the default topic, in every frame. */
export interface SnapshotFrame extends Position {
  readonly topic?: string;
  /** Proves that the client was given this version. Absent from hubs without rights. */
  readonly proof?: string;
  readonly body: unknown;
  /** The topic that the client has asked for, and whose fetch brought this value along. */
  readonly for?: string;
}

/** The step from `from` (default `version - 1`) to `version`. `id` is present on the first state frame of a topic on a link. */
export interface DeltaFrame {
  readonly topic?: string;
  readonly id?: string;
  readonly version: number;
  readonly delta: true;
  readonly from?: number;
  readonly body: readonly Operation[];
}

/** A bare position: the value that the client has is up to date. */
export interface PositionFrame extends Position {
  readonly topic?: string;
}

/** A frame with `version` is a state frame; `delta`, then `body` show its kind. */
export type StateFrame = SnapshotFrame | DeltaFrame | PositionFrame;

/** Introduces the server: the answer to `open`, and the first frame of every link. Times in ms, sizes in bytes. */
export interface Hello {
  readonly protocol: number;
  /** Secret and random: it identifies the client to the server. */
  readonly session: string;
  /** The id by which the client named this session, if it has another one now. */
  readonly was?: string | undefined;
  /** The public name of the session. */
  readonly name?: string;
  /** The server sends something at least this often (ms). */
  readonly heartbeat: number;
  readonly limits: Limits;
  /** The newest numbered frame of this client that the session has taken; the client sends later ones again. */
  readonly ack: number;
  /** The session's sum of dropped events, as in {@link DroppedFrame}; default 0. */
  readonly dropped?: number;
  /** The number of this link in its session; polls name it. */
  readonly link?: number;
}

/** The limits of the server. Sizes in bytes, times in ms. */
export interface Limits {
  /** Largest client frame. */
  readonly frame: number;
  /** Deepest nesting of a client frame's JSON. */
  readonly depth: number;
  /** Most frames of one session in a second; twice as many at once. */
  readonly rate: number;
  /** Longest name of a topic. */
  readonly topic: number;
  /** Most topics that one session may want at a time. */
  readonly subscriptions: number;
  /** Most sessions of one identity, and of the hub. */
  readonly sessionsPerIdentity: number;
  readonly sessions: number;
  /** Longest delta that is sent; a snapshot replaces a longer one. */
  readonly patch: number;
  /** How long it may take until a client is authorized, and until `canSubscribe` answers. */
  readonly handshake: number;
  /** Most rooms of one session. */
  readonly rooms?: number;
  /** Most calls of one session that are running. */
  readonly calls?: number;
  /** A link on which the client sends nothing for so long (ms) is closed. Absent: none is. */
  readonly idle?: number;
}

/** The hash of the topic's value at a version, so that a copy that differs is noticed. */
export interface CheckFrame {
  readonly check: string;
  readonly at: number;
  readonly topic?: string;
}

/** Why the server ends the link. `retry`: false = do not come back; ms = come back then; absent = as usual. */
export interface Bye {
  readonly code: string;
  readonly reason: string;
  readonly retry?: number | false;
}

export interface HelloFrame {
  readonly hello: Hello;
}
/** A sign of life, from either side. The server answers it by another. */
export interface PingFrame {
  readonly ping: true;
  /** Asks the peer to acknowledge the frames it has received. */
  readonly ack?: true;
  /** Announces that a message of that many bytes follows. */
  readonly next?: number;
}
/** The topic is not known to be current, until its next state frame. */
export interface StaleFrame {
  readonly stale: string;
  readonly topic?: string;
}
/** This client may not see the topic (any more), or there is none of that name. */
export interface DeniedFrame {
  readonly denied: string;
  readonly code: string;
}
export interface ByeFrame {
  readonly bye: Bye;
}
/** A named message. */
export interface EventFrame {
  readonly event: string;
  readonly data: unknown;
  /**
   * Counts the session's frames in this direction; a number that was taken before is a repetition. Left out, it is the previous number
   * of the link plus one. 0: the frame has no number.
   */
  readonly seq?: number;
  /** The sender waits for the reply of this number. */
  readonly call?: number;
  /** The lane of the queue that it took, with handlers of its own; default `''`. */
  readonly channel?: string;
  readonly binary?: readonly BinaryPart[];
  /** The client shows the effect of the call before the answer, and asks which revision has that effect. */
  readonly made?: true;
}
/** The answer to a call of the other side: data, or an error. */
export interface ReplyFrame {
  readonly reply: number;
  readonly data?: unknown;
  readonly error?: CallFailure;
  readonly binary?: readonly BinaryPart[];
  readonly seq?: number;
}
/** The error of a call, as it travels. */
export interface CallFailure {
  readonly code: string;
  readonly message: string;
  readonly data?: unknown;
}
/** The client no longer waits for the reply to a call. */
export interface CancelFrame {
  readonly cancel: number;
  readonly seq?: number;
}
/** How many of the session's events never reached the client, because the server kept too many. */
export interface DroppedFrame {
  readonly dropped: number;
}
/** Everything numbered up to here was taken. Over POST, the answer says it. */
export interface AckFrame {
  readonly ack: number;
}
/** The next state frame of the topic has the effect of these calls of the client. */
export interface MadeFrame {
  readonly made: readonly number[];
  readonly topic?: string;
}
export type ServerFrame =
  | StateFrame
  | CheckFrame
  | HelloFrame
  | PingFrame
  | StaleFrame
  | DeniedFrame
  | ByeFrame
  | EventFrame
  | ReplyFrame
  | DroppedFrame
  | MadeFrame
  | AckFrame;

/** The first frame of a client on a link. It begins a session, or resumes one after the last frame that arrived. */
export interface OpenFrame {
  readonly open: {
    readonly session?: string | undefined;
    readonly ack?: number | undefined;
    readonly token?: string | undefined;
    /** The first 100 characters of the frame for which the client ended its last link. */
    readonly refused?: string | undefined;
    /** Asks for `hello` alone: no session begins or is resumed. */
    readonly trial?: true;
  };
}
/** A new token for the live session. */
export interface AuthFrame {
  readonly auth: string;
  readonly seq?: number;
}
/** A topic that is wanted, with the position that the client has, if any. */
export interface Subscription extends Partial<Position> {
  readonly topic?: string;
  /** The proof of the newest snapshot that the client has received in this epoch. */
  readonly proof?: string;
  /** How often the copy differed from the server's value and was discarded. */
  readonly diverged?: number;
}
/** Asks for topics from where the client is; for a topic that is subscribed already: asks again (after a gap). */
export interface SubscribeFrame {
  readonly subscribe: readonly Subscription[];
  readonly seq?: number;
}
export interface UnsubscribeFrame {
  readonly unsubscribe: readonly string[];
  readonly seq?: number;
}
/** The client ends its link. A service worker may keep the client's poll open after the page has gone. */
export interface ClientByeFrame {
  readonly bye: true;
}
export type ClientFrame =
  | OpenFrame
  | SubscribeFrame
  | UnsubscribeFrame
  | EventFrame
  | ReplyFrame
  | CancelFrame
  | AuthFrame
  | AckFrame
  | PingFrame
  | ClientByeFrame;

/** WebSocket close codes for misuse and for decisions. The `bye` frame before the close gives the reason as text. */
export const CloseCode = {
  /** The server goes away; come back. */
  goingAway: 1001,
  /** The application ended the session. */
  closed: 4000,
  /** Not a frame of this protocol. */
  badFrame: 4400,
  unauthorized: 4401,
  forbidden: 4403,
  /** The server takes no new sessions for a while (the registry of RFC 6455 close codes). */
  unavailable: 1013,
  /** Not authorized in time: no open frame came, or no answer to it. */
  timeout: 4408,
  /** A frame above the limit that `hello` announced (RFC 6455 §7.4.1). */
  tooLarge: 1009,
  /** More sessions, subscriptions or frames than the limits allow. */
  tooMany: 4429,
  /** A failure of the server. */
  internal: 4500,
} as const;

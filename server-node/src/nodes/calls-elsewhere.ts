import { CallError, decodeClientFrame } from '@velox/core/protocol';
import type { Hub } from '../hub/hub.js';
import { droppedCall, lostCall } from '../messaging/calls.js';
import type { CallsOfNode } from '../messaging/strays.js';
import { failureMessage, repliedCall } from '../sessions/event-message.js';
import type { Session } from '../sessions/session.js';
import { decodeData, encodeData } from '../wire/binary.js';
import { insist } from './ask.js';
import type { Letters } from './letters.js';
import { REPEAT_MS } from './moves.js';
import type { Peers } from './peers.js';
import { ownPart } from './session-id.js';

/** A frame of a client about a call on another node: a reply, or the cancellation of a call that runs there. */
type PassedFrame = { readonly own: string } & (
  | { readonly reply: string }
  | { readonly cancel: number }
  /** The session has ended. */
  | { readonly ended: true }
);

/** The calls of sessions that have moved. A call stays on the node on which it began. */
export class CallsElsewhere {
  readonly #hub: Hub;
  readonly #letters: Letters;
  readonly #peers: Peers;
  /** By session of this node: the nodes that have its calls, including this node if the session has come back. */
  readonly #elsewhere = new Map<Session, CallsOfNode[]>();
  /** Sessions that have moved and have calls here, by the part of the id that they keep. */
  readonly #here = new Map<string, Set<Session>>();

  constructor(hub: Hub, letters: Letters, peers: Peers) {
    this.#hub = hub;
    this.#letters = letters;
    this.#peers = peers;
    hub.messaging.strays = {
      reply: (session, { reply: call, data, error }) => {
        const reply = error
          ? JSON.stringify({ reply: call, error })
          : `{"reply":${call},${encodeData(data)}}`;
        this.#reply(session, call, reply);
      },
      dropped: (session, call, code) => {
        if (code === 'unknown-outcome')
          this.#doubt(session, call); // its client reads, so the reply can still come
        else this.#reply(session, call, failureMessage(call, droppedCall()).text);
      },
      doubt: (session) => {
        const doubtful = this.#placesOf(session).flatMap((place) => place.doubtful ?? []);
        for (const call of doubtful) this.#reply(session, call, failureMessage(call, lostCall()).text);
      },
      cancel: (session, call) => {
        const place = this.#take(session, 'running', call);
        if (place) this.#pass(place.node, { own: ownPart(session), cancel: call });
      },
      ended: (session) => {
        for (const { node } of this.#placesOf(session))
          this.#pass(node, { own: ownPart(session), ended: true });
        this.#elsewhere.delete(session);
      },
    };
    letters.on('frame', (passed: PassedFrame) => {
      this.#execute(passed);
      return true; // an answer, so that the frame is not repeated
    });
    peers.onGone((node) => this.#lose(node));
  }

  /** A session moves, and its calls stay here. Returns the nodes that have its calls. */
  depart(session: Session): readonly CallsOfNode[] {
    const { calls } = this.#hub.messaging;
    const running = this.#hub.messaging.running(session);
    const asked = calls.pending(session);
    const places = this.#placesOf(session);
    this.#elsewhere.delete(session);
    if (running.length + asked.length === 0) return places;
    const own = ownPart(session);
    const sessions = this.#here.get(own) ?? new Set();
    this.#here.set(own, sessions.add(session));
    const doubtful = calls.doubtful(session);
    return [...places, { node: this.#letters.node, running, asked, doubtful }];
  }

  /** A session has come, with calls on other nodes. */
  arrive(session: Session, places: readonly CallsOfNode[]): void {
    if (places.length > 0) this.#elsewhere.set(session, [...places]);
    // The former node may not have noticed that a node has died, while this node has.
    for (const { node } of places) if (this.#peers.isGone(node)) this.#lose(node);
  }

  /** A message of another node for a session: it may be the reply to a call. Returns false for a reply that does not wait any more. */
  noteReply(session: Session, text: string): boolean {
    const call = repliedCall(text);
    return call === undefined || this.#take(session, 'running', call) !== undefined;
  }

  /** A call of a session that has moved may be over. */
  settle(own: string): void {
    const { messaging } = this.#hub;
    const sessions = this.#here.get(own);
    for (const session of sessions ?? [])
      if (messaging.running(session).length + messaging.calls.pending(session).length === 0)
        sessions?.delete(session);
    if (sessions?.size === 0) this.#here.delete(own);
  }

  /** A session that has moved is lost, so its calls end. */
  end(own: string): void {
    for (const session of this.#here.get(own) ?? []) this.#hub.messaging.endCalls(session);
    this.#here.delete(own);
  }

  /** Ends the calls of all sessions that have moved: those of other sessions have ended with them. */
  close(): void {
    for (const own of [...this.#here.keys()]) this.end(own);
  }

  /** Removes a call of a session from its node's list, and returns the former list. */
  #take(session: Session, what: 'running' | 'asked', call: number): CallsOfNode | undefined {
    const places = this.#placesOf(session);
    const at = places.findIndex((place) => place[what].includes(call));
    const place = places[at];
    if (!place) return undefined;
    const left = { ...place, [what]: place[what].filter((each) => each !== call) };
    if (left.running.length + left.asked.length > 0) places[at] = left;
    else places.splice(at, 1);
    if (places.length === 0) this.#elsewhere.delete(session);
    return place;
  }

  #placesOf(session: Session): CallsOfNode[] {
    return this.#elsewhere.get(session) ?? [];
  }

  /** A call of another node was given up after it was written. */
  #doubt(session: Session, call: number): void {
    const places = this.#placesOf(session);
    const at = places.findIndex(({ asked }) => asked.includes(call));
    const place = places[at];
    if (place) places[at] = { ...place, doubtful: [...(place.doubtful ?? []), call] };
  }

  /** Passes the reply to a call, or an error in its place, to the node of the call. */
  #reply(session: Session, call: number, reply: string): void {
    const place = this.#take(session, 'asked', call);
    if (place) this.#pass(place.node, { own: ownPart(session), reply });
  }

  #pass(node: string, passed: PassedFrame): void {
    if (node === this.#letters.node) this.#execute(passed);
    else void insist({ letters: this.#letters, peers: this.#peers }, node, 'frame', passed, REPEAT_MS);
  }

  #execute(passed: PassedFrame): void {
    const { messaging, limits } = this.#hub;
    if ('ended' in passed) return this.end(passed.own);
    const sessions = this.#here.get(passed.own) ?? [];
    const frame = 'reply' in passed ? decodeClientFrame(passed.reply, limits.depth) : undefined;
    for (const session of sessions) {
      if ('cancel' in passed) messaging.cancel(session, passed.cancel);
      else if (frame && 'reply' in frame) messaging.reply(session, { ...frame, data: decodeData(frame) });
    }
    this.settle(passed.own);
  }

  /** A node is gone, and with it the calls that ran there. */
  #lose(gone: string): void {
    const error = new CallError('unknown-outcome', 'the server of the call is gone. The call may have run.');
    for (const [session, places] of this.#elsewhere) {
      const left = places.filter(({ node }) => node !== gone);
      const lost = places.filter(({ node }) => node === gone).flatMap(({ running }) => running);
      if (left.length > 0) this.#elsewhere.set(session, left);
      else this.#elsewhere.delete(session);
      for (const call of lost) session.send(failureMessage(call, error));
    }
  }
}

import type { Hub } from '../hub/hub.js';
import type { Successor } from '../sessions/redirect.js';
import { insist, type Asker } from './ask.js';
import { REPEAT_MS, type Act, type PassedAct } from './moves.js';
import type { RemoteCalls } from './remote-calls.js';

/** The sessions that have gone from this node. */
interface Gone {
  /** Returns the node to which a session has gone; undefined if it has not. */
  readonly nextOf: (own: string) => string | undefined;
  readonly act: (passed: PassedAct) => Promise<void>;
}

/** What the former objects of sessions do after the sessions have gone from this node. A session may also have come back. */
export class Successors {
  readonly #hub: Hub;
  readonly #asker: Asker;
  readonly #gone: Gone;
  readonly #calls: RemoteCalls;

  constructor(hub: Hub, asker: Asker, gone: Gone, calls: RemoteCalls) {
    this.#hub = hub;
    this.#asker = asker;
    this.#gone = gone;
    this.#calls = calls;
    asker.letters.on('refresh', (own: string) => this.#refresh(own));
  }

  /** @param own the part of the session's id that it keeps */
  of(own: string): Successor {
    const act = (passed: Act): Promise<void> => this.#gone.act({ own, ...passed });
    return {
      call: (...given) => this.#calls.callOne({ own, node: this.#nodeOf(own) }, ...given),
      join: (room) => act({ act: 'join', room }),
      enter: (room) => act({ act: 'enter', room }),
      leave: (room) => void act({ act: 'leave', room }),
      show: (room, mine) => void act({ act: 'show', room, mine }),
      refresh: () => void this.#refresh(own),
      close: (code, reason) => void act({ act: 'close', code, reason }),
    };
  }

  /** Refreshes the presence of a session. This is no act, because a node of an older version takes an act that it does not know for `join`. */
  async #refresh(own: string): Promise<unknown> {
    const { sessions, messaging } = this.#hub;
    const session = sessions.withOwnPart(own);
    const to = this.#gone.nextOf(own);
    if (session) messaging.presence?.refresh(session);
    else if (to !== undefined) return insist(this.#asker, to, 'refresh', own, REPEAT_MS);
    return true;
  }

  #nodeOf(own: string): string {
    return this.#gone.nextOf(own) ?? this.#asker.letters.node;
  }
}

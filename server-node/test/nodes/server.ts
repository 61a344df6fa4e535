import { isVeloxError } from '@velox/core/protocol';
import { createHub, type Hub } from '../../src/create-hub.js';
import type { Backplane, Bus } from '../../src/cluster/bus.js';
import type { SharedState } from '../../src/state/shared/shared-state.js';
import type { ModelClient, ModelEngine } from '../rig/model-log.js';
import { NodeBus } from '../rig/node-bus.js';
import type { Watch } from '../simulation/watch.js';

/** The value of the shared state: each update adds its mark. */
export interface Marks {
  marks: string[];
  count: number;
}

/** How long the application takes to allow a slow room, in ms. */
const SLOW_MS = 4_000;

/** What became of an update. */
export type Fate = 'pending' | 'acknowledged' | 'in-doubt' | 'nothing';

/** One server of the cluster. */
export class SimulatedNode {
  readonly hub: Hub;
  readonly bus: NodeBus;
  readonly log: ModelClient;
  readonly marks: SharedState<Marks>;
  /** Whether it has reported that revisions were lost, or may be. */
  hasReportedLoss = false;
  readonly #watch: Watch;

  /** @param received gets the events of clients */
  constructor(engine: ModelEngine, bus: Bus, received: string[], watch: Watch) {
    this.#watch = watch;
    this.bus = new NodeBus(bus);
    this.log = engine.connect();
    const backplane: Backplane = {
      ...{ log: this.log, bus: this.bus, durable: false, shared: true },
      close: () => Promise.resolve(),
    };
    this.hub = createHub({
      backplane,
      canJoin: (_, room) => room !== 'slow' || new Promise((resolve) => setTimeout(resolve, SLOW_MS, true)),
      limits: { opensPerAddress: Infinity },
      authorize: ({ token }) => token,
      name: (token) => String(token),
      logger: (entry) => {
        const { event, lost, isCertain } = entry as {
          event: string;
          lost?: { revisions: number };
          isCertain?: boolean;
        };
        if (event === 'topic renewed' && (!isCertain || (lost?.revisions ?? 0) > 0))
          this.hasReportedLoss = true;
      },
    });
    this.hub.on('up', (session, data) => {
      if (this.isDead) return;
      received.push(String(data));
      session.to('all').emit('relayed', data);
    });
    this.marks = this.hub.shared(
      'marks',
      { marks: [], count: 0 },
      {
        keep: 3,
        snapshotEvery: 7,
      },
    );
  }

  get isDead(): boolean {
    return this.bus.isDead;
  }

  die(): void {
    this.bus.die();
    this.log.faults.isDown = true;
  }

  /** The engine is away, or back. */
  setDown(isDown: boolean): void {
    if (this.isDead) return;
    this.log.faults.isDown = isDown;
    if (isDown) this.bus.disconnect();
    else this.bus.reconnect();
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    if (this.isDead) return;
    Object.assign(this.log.faults, {
      isDown: false,
      lostReplies: 0,
      lostHints: 0,
    });
    this.bus.hearMs = () => 0;
    this.bus.reconnect();
  }

  /** Adds a mark to the shared state. */
  async mark(mark: string, settle: (fate: Fate) => void): Promise<void> {
    const recipe = (draft: Marks): void => {
      draft.marks.push(mark);
      draft.count++;
    };
    try {
      await this.marks.update(recipe);
      settle('acknowledged');
    } catch (error) {
      if (isVeloxError(error, 'in-doubt')) settle('in-doubt');
      else if (isVeloxError(error, 'unavailable') || isVeloxError(error, 'closed')) settle('nothing');
      else this.#watch.fail(String((error as Error).stack));
    }
  }
}

/** Whether a client must receive an event once, must never receive it, or may receive it once. */
export type Verdict = 'must' | 'never' | 'may';

/** How long an event may travel, in ms. If a client enters or leaves its room meanwhile, the client may receive it. */
const TRAVEL_MS = 3_000;

interface Entry {
  readonly event: string;
  /** The room that decides who receives it; undefined if none does. */
  readonly room: string | undefined;
  readonly at: number;
  readonly verdicts: Verdict[];
}

/** The events and calls to clients, and which clients must receive them. */
export class MovesLedger {
  readonly #entries: Entry[] = [];

  /** @param verdicts by client */
  note(event: string, verdicts: Verdict[], room?: string): void {
    this.#entries.push({ event, verdicts, room, at: performance.now() });
  }

  /** A client enters or leaves a room. */
  changed(client: number, changed: string): void {
    const since = performance.now() - TRAVEL_MS;
    for (const { room, at, verdicts } of this.#entries)
      if (room === changed && at >= since) verdicts[client] = 'may';
  }

  /** Says what is wrong with the events that a client received. */
  violations(client: number, got: readonly string[]): string[] {
    const judged = (verdict: Verdict): string[] =>
      this.#entries.filter(({ verdicts }) => verdicts[client] === verdict).map(({ event }) => event);
    const lost = judged('must').filter((event) => !got.includes(event));
    const leaked = judged('never').filter((event) => got.includes(event));
    const doubled = got.filter((event, at) => got.indexOf(event) !== at);
    return [
      ...lost.map((event) => `c${client} lost ${event}`),
      ...leaked.map((event) => `c${client} got ${event}, which leaves it out`),
      ...doubled.map((event) => `c${client} got twice ${event}`),
    ];
  }
}

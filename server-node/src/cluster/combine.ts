import { checkArgument, checkGiven, expected, type Checks } from '@velox/core/protocol';
import type { Backplane, Bus, BusPart, LogPart } from './bus.js';
import type { Log, Place, Revision } from './log.js';

const isLog = (value: unknown): boolean =>
  typeof (Object(value) as Partial<LogPart>).log?.append === 'function';
const isBus = (value: unknown): boolean =>
  typeof (Object(value) as Partial<BusPart>).bus?.publish === 'function';

const PARTS: Checks<{ log: LogPart; bus: BusPart }> = {
  log: expected('a log, such as sqlite(database)', isLog),
  bus: expected('a bus, such as mesh({ … })', isBus),
};

/**
 * Makes a backplane of two engines: a log that keeps and a bus that notifies. The bus also carries new
 * revisions, so that an engine that is polled is followed without delay. The log reports later the revisions
 * that the bus loses.
 *
 * @example
 * createHub({ backplane: combine({ log: sqlite(database), bus: mesh({ … }) }) });
 */
export function combine(parts: { readonly log: LogPart; readonly bus: BusPart }): Backplane {
  checkGiven('combine()', parts, PARTS);
  checkArgument('combine()', 'option "log"', parts.log, PARTS.log);
  checkArgument('combine()', 'option "bus"', parts.bus, PARTS.bus);
  const { log, bus } = parts;
  return {
    log: tellBy(bus.bus, log.log),
    bus: bus.bus,
    durable: log.durable,
    shared: log.shared,
    async close() {
      await Promise.all([log.close(), bus.close()]);
    },
  };
}

const subjectOf = (topic: string): string => `velox log ${topic}`;

function tellBy(bus: Bus, log: Log): Log {
  return {
    open: (...args) => log.open(...args),
    read: (...args) => log.read(...args),
    heads: (...args) => log.heads(...args),
    saveSnapshot: (...args) => log.saveSnapshot(...args),
    renew: (...args) => log.renew(...args),
    drop: (...args) => log.drop(...args),
    run: () => log.run(),
    isLoadable: async (topic) => (await log.isLoadable?.(topic)) ?? true,
    async append(topic, after, revisions, within) {
      const result = await log.append(topic, after, revisions, within);
      // Within a transaction, the log notifies after the commit.
      if (!result.ok || within !== undefined || revisions.length === 0) return result;
      const [first] = revisions;
      // Only the last revision's token is known here.
      const told = revisions.length === 1 ? { at: result.at, previous: after.token, ...first } : {};
      const text = JSON.stringify(told);
      const isLong = Buffer.byteLength(text) > bus.limit;
      bus.publish(subjectOf(topic), isLong ? '{}' : text).catch(() => {}); // the log notifies as well
      return result;
    },
    async follow(topic, onRevision, onDoubt) {
      let last: Place | undefined;
      const hear = (revision: Revision): void => {
        const { at } = revision;
        if (at.id === last?.id && at.version <= last.version) return; // the other one was faster
        last = at;
        onRevision(revision);
      };
      const hearBus = (text: string): void => {
        const told = JSON.parse(text) as Revision | Record<string, never>;
        if (told.at) hear(told as Revision);
        else onDoubt();
      };
      const endLog = await log.follow(topic, hear, onDoubt);
      try {
        const endBus = await bus.subscribe(subjectOf(topic), hearBus, onDoubt);
        return () => {
          endLog();
          endBus();
        };
      } catch (error) {
        endLog();
        throw error;
      }
    },
  };
}

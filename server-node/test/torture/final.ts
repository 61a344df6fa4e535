import { randomUUID } from 'node:crypto';
import { apply, type Operation } from '@velox/core/protocol';
import type { Opened, Place } from '../../src/cluster/log.js';
import { backplaneOf } from './backplane-of.js';
import type { EngineSetup, Marks } from './orders.js';

/** Long, so that steps are shorter than the value. */
const EMPTY: Marks = { marks: [], count: 0, filler: '-'.repeat(30_000) };

/** The content of the log at the end. */
export interface Final {
  /** Topics with another epoch than at first. */
  readonly renewed: number;
  readonly values: ReadonlyMap<string, Marks>;
  readonly holes: readonly string[];
}

/** Creates the topics with one revision each, so that their place is known: Redis keeps no entry of the version before. */
export async function createTopics(
  engine: EngineSetup,
  topics: readonly string[],
): Promise<ReadonlyMap<string, Place>> {
  const backplane = await backplaneOf(engine);
  const places = new Map<string, Place>();
  for (const topic of topics) {
    const { snapshot } = await backplane.log.open(topic, JSON.stringify(EMPTY));
    const revision = { tag: randomUUID(), patch: '[{"op":"replace","path":"/count","value":0}]' };
    const appended = await backplane.log.append(topic, snapshot.at, [revision]);
    if (appended.ok) places.set(topic, appended.at);
  }
  await backplane.close();
  return places;
}

/** Reads the log of each topic from its first version on, and applies all of it. */
export async function readLog(engine: EngineSetup, places: ReadonlyMap<string, Place>): Promise<Final> {
  const backplane = await backplaneOf(engine);
  const values = new Map<string, Marks>();
  const holes: string[] = [];
  let renewed = 0;
  for (const [topic, place] of places) {
    const opened = await backplane.log.open(topic, 'null');
    if (opened.snapshot.at.id !== place.id) {
      renewed++;
      values.set(topic, valueOf(opened));
      continue;
    }
    const revisions = await backplane.log.read(topic, place);
    let value: unknown = EMPTY;
    let { version, token } = place;
    for (const { at, previous, patch } of Array.isArray(revisions) ? revisions : []) {
      if (at.version !== version + 1 || previous !== token) holes.push(`${topic} at ${at.version}`);
      ({ version, token } = at);
      value = apply(value, JSON.parse(patch) as Operation[]);
    }
    if (!Array.isArray(revisions)) holes.push(`${topic} is ${revisions}`);
    values.set(topic, value as Marks);
  }
  await backplane.close();
  return { values, holes, renewed };
}

function valueOf({ snapshot, revisions }: Opened): Marks {
  const steps = revisions.flatMap(({ patch }) => JSON.parse(patch) as Operation[]);
  return apply(JSON.parse(snapshot.value), steps) as Marks;
}

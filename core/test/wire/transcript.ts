/** Reads the recorded conversations of version 2 that lie in this folder. */
import { readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

/** One line of a recording; README.md explains the fields. */
export interface Line {
  readonly t: number;
  readonly dir: 'client->server' | 'server->client' | 'control' | 'client-state';
  readonly raw: string;
  readonly encoding?: 'base64';
  readonly conn?: string;
  readonly kind?: 'request' | 'head' | 'body' | 'frame' | 'closed' | 'end' | 'stdout' | 'stderr';
  readonly text?: string;
  readonly fin?: boolean;
  readonly opcode?: number;
  readonly rsv1?: boolean;
  readonly step?: string;
  readonly client?: 'go' | 'js';
  readonly contentType?: string;
}

interface Change {
  readonly op: 'set' | 'del';
  readonly path: readonly (string | number)[];
  readonly value?: unknown;
}

/** The names of the recordings that begin with a prefix. */
export function transcriptNames(prefix: string): string[] {
  const names = readdirSync(import.meta.dirname).filter((name) => name.endsWith('.jsonl'));
  return names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(0, -'.jsonl'.length));
}

export function transcript(name: string): Line[] {
  const text = readFileSync(resolve(import.meta.dirname, `${name}.jsonl`), 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** The bytes of a line. */
export function bytesOf({ raw, encoding }: Line): Buffer {
  return Buffer.from(raw, encoding ?? 'utf8');
}

/** The document that all recordings start from. */
export const START: Readonly<Record<string, unknown>> = {
  title: 'velox rig',
  count: 1,
  ratio: 0.5,
  flag: true,
  note: 'set me null',
  tags: ['a', 'b', 'c'],
  nested: {
    a: {
      b: { c: 1 },
      list: [
        { id: 1, v: 'x' },
        { id: 2, v: 'y' },
      ],
    },
  },
  extra: { keep: true },
  text: 'plain',
};

/** The changes of a control line, one list for each that was published; undefined if the line is none. */
export function changesOf({ dir, raw }: Line): readonly (readonly Change[])[] | undefined {
  if (dir !== 'control') return undefined;
  const [, key, part = '', times] = /^(\w+) = '(\w+)' x (\d+)$/.exec(raw) ?? [];
  if (key) return [[{ op: 'set', path: [key], value: part.repeat(Number(times)) }]];
  if (raw.startsWith('[')) return [JSON.parse(raw) as Change[]];
  if (!raw.startsWith('count=')) return undefined;
  return raw
    .split(', ')
    .map((each) => [{ op: 'set', path: ['count'], value: Number(each.slice('count='.length)) }]);
}

/** Returns the document after changes. */
export function changed<T>(document: T, changes: readonly Change[]): T {
  const holder = { root: structuredClone(document) as unknown };
  for (const { op, path, value } of changes) {
    const keys = ['root', ...path];
    const last = keys.pop() as string;
    let at = holder as Record<string, unknown>;
    for (const key of keys) at = at[key] as Record<string, unknown>;
    if (op === 'set') at[last] = structuredClone(value);
    else if (Array.isArray(at)) at.splice(Number(last), 1);
    else delete at[last];
  }
  return holder.root as T;
}

/** Makes inputs: a sound frame of each kind with odd members, or a text or bytes of the corpus with a few changes. */
import type { Random } from '../../src/testing/random.js';
import { FRAMES } from './corpus.js';

/** Values that no member expects. */
const ODD: readonly unknown[] = [
  ...[null, true, false, -1, 0, 1, 1.5, 1e308, 2 ** 53, '', 'x', 'a', [], [[]], [null], {}, { then: 1 }],
  ...[
    { toString: 1, valueOf: 2, toJSON: 3 },
    '__proto__',
    'constructor',
    '\u0000',
    '\ud800',
    'x'.repeat(2_000),
  ],
];
const TOPICS: readonly unknown[] = [
  '',
  'a',
  'b',
  'items/7',
  'view',
  'room',
  '__proto__',
  'x'.repeat(1_001),
  '\ud83d',
  'a\nb',
];

const MEMBERS: readonly string[] = [
  ...[
    'open',
    'session',
    'ack',
    'token',
    'refused',
    'subscribe',
    'unsubscribe',
    'topic',
    'id',
    'version',
    'proof',
  ],
  ...['diverged', 'event', 'data', 'seq', 'call', 'reply', 'error', 'cancel', 'auth', 'ping', '__proto__'],
];

/** A value of JSON, at most four levels deep. */
function json(random: Random, depth = 0): unknown {
  const kind = random.between(0, depth > 3 ? 2 : 4);
  if (kind === 0) return random.pick(ODD);
  if (kind === 1) return random.between(-9, 9);
  if (kind === 2) return 'text '.repeat(random.between(0, 3));
  const parts = Array.from({ length: random.between(0, 3) }, () => json(random, depth + 1));
  return kind === 3 ? parts : Object.fromEntries(parts.map((part, at) => [`k${at}`, part]));
}

/** A sound frame of any kind. */
function sound(random: Random): Record<string, unknown> {
  const { between, pick, chance } = random;
  const seq = between(1, 4);
  const wanted = (): object => ({
    topic: pick(TOPICS),
    ...(chance(0.4) && { id: pick(['a', 'Zk1vYXJk']), version: between(1, 9), proof: '1.x' }),
  });
  return pick<() => Record<string, unknown>>([
    () => ({ open: { ...(chance(0.3) && { session: 'x', ack: between(0, 9) }) } }),
    () => ({ subscribe: Array.from({ length: between(0, 4) }, wanted), ...(chance(0.5) && { seq }) }),
    () => ({ unsubscribe: Array.from({ length: between(0, 4) }, () => pick(TOPICS)) }),
    () => ({ event: pick(['e', 'echo', '', '__proto__']), data: json(random), seq }),
    () => ({
      event: pick(['ask', '$join', '$leave', '$presence', '$x']),
      data: json(random),
      seq,
      call: between(1, 3),
    }),
    () => ({ reply: between(1, 3), data: json(random), seq }),
    () => ({ cancel: between(1, 3), seq }),
    () => ({ auth: pick(['t', 't', '', 'refused']) }),
    () => ({ ping: true, ...(chance(0.5) && { ack: true }) }),
    () => ({ ack: between(0, 9) }),
    () => ({
      ...(chance(0.6) ? { event: pick(['e', 'echo', '']) } : { reply: between(1, 3) }),
      data: pick([null, { a: null }, [null, { a: null }]]),
      binary: Array.from({ length: between(0, 3) }, () => [
        pick(['', '/a', '/0', '/1/a', '/__proto__', 'a']),
        pick(['AQID', '', 'AA==', '%']),
        ...(chance(0.3) ? [true] : []),
      ]),
      ...(chance(0.5) && { channel: pick(['x', '', 'y']) }),
      seq,
    }),
  ])();
}

/** Replaces, adds or removes a member somewhere in a value. */
export function withOddMember(random: Random, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || random.chance(0.3)) return random.pick(ODD);
  const keys = Object.keys(value);
  const key = keys.length > 0 && random.chance(0.8) ? random.pick(keys) : random.pick(MEMBERS);
  if (Array.isArray(value))
    return value.map((each, at) => (String(at) === key ? withOddMember(random, each) : (each as unknown)));
  const { [key]: former, ...others } = value as Record<string, unknown>;
  return random.chance(0.2) ? others : { ...others, [key]: withOddMember(random, former) };
}

/** The text of a frame: sound, with an odd member, of the corpus, or broken. */
export function frameText(random: Random): string {
  const kind = random.between(0, 9);
  if (kind < 3) return JSON.stringify(sound(random));
  if (kind < 6) return JSON.stringify(withOddMember(random, sound(random)));
  if (kind < 8) return JSON.stringify(withOddMember(random, JSON.parse(random.pick(FRAMES))));
  if (kind < 9) return mutated(random, random.pick(FRAMES));
  if (random.chance(0.2)) return random.pick(['', '0', '{', '"', '\0', ' ']);
  const depth = random.pick([10, 499, 500, 501, 3_000]);
  return random.chance(0.5)
    ? `{"event":"e","data":${'['.repeat(depth)}${']'.repeat(depth)},"seq":1}`
    : '['.repeat(depth);
}

/** A text with up to four changes. */
export function mutated(random: Random, text: string): string {
  let result = text;
  for (let count = random.between(1, 4); count > 0; count--) {
    const at = random.between(0, result.length);
    const end = Math.min(result.length, at + random.between(0, 8));
    const part = random.pick([
      '',
      String.fromCharCode(random.between(0, 255)),
      result.slice(at, end).repeat(random.between(2, 40)),
      random.pick(['"', '\\', '{', '}', '[', ',', ':', '\u2028', '%', '\r\n', '0', 'e9', '__proto__']),
    ]);
    result = result.slice(0, at) + part + result.slice(end);
  }
  return result;
}

/** Bytes with up to four changes. */
export function mutatedBytes(random: Random, bytes: Buffer): Buffer {
  let result = bytes;
  for (let count = random.between(1, 4); count > 0 && result.length > 0; count--) {
    const at = random.between(0, result.length - 1);
    const end = Math.min(result.length, at + random.between(0, 4));
    const part = Buffer.from(Array.from({ length: random.between(0, 4) }, () => random.between(0, 255)));
    result = Buffer.concat([result.subarray(0, at), part, result.subarray(end)]);
  }
  return result;
}

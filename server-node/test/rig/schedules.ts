/** The events of clients that follow compressed topics: changes, arrivals, departures, messages, pauses in
 * reading. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';

/** The text that a change adds to its number. If a schedule uses only the first two, catch-up data leaves
 * uncompressed. */
export const TEXTS = {
  none: (): undefined => undefined,
  short: (n: number): string => `word ${n}`,
  long: (n: number): string => `word ${n} `.repeat(300),
  random: (n: number): string => createHash('sha512').update(`${n}`).digest('base64').repeat(2),
} as const;

export type Text = keyof typeof TEXTS;

/** One thing that happens; `wait` is 600 ms, `settle` until all that read have got all. */
export type Step =
  | { readonly do: 'change'; readonly topic: string; readonly text: Text }
  | { readonly do: (typeof ACTS)[number]; readonly who: number; readonly topic: string }
  | { readonly do: 'settle' }
  | { readonly do: 'turn' }
  | { readonly do: 'wait' };

const ACTS = ['toggle', 'say', 'cut', 'join', 'join by stream', 'stall', 'resume'] as const;

const topic = fc.constantFrom('a', 'b');

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      topic,
      text: fc.constantFrom('none', 'short', 'long', 'random'),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom(...ACTS, 'stall', 'resume'), who: fc.nat(5), topic }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('settle', 'turn', 'wait') }) },
);

/** The events of twelve clients that follow `a`; number 4 uses an event stream. */
export const schedule: fc.Arbitrary<Step[]> = fc.array(step, { maxLength: 40, size: 'max' });

const act = (name: (typeof ACTS)[number], topic = 'a', who = 0): Step => ({ do: name, who, topic });
const changes = (count: number, text: Text = 'none'): Step[] =>
  Array<Step>(count).fill({ do: 'change', topic: 'a', text });
const settle: Step = { do: 'settle' };
const wait: Step = { do: 'wait' };

/** One schedule for each known or possible failure, tried before the random schedules. */
export const CASES: readonly (readonly Step[])[] = [
  // Something else that is compressed comes between two messages of the window.
  [...changes(3), settle, act('toggle', 'b'), settle, ...changes(3), settle],
  // Catch-up data is uncompressed: the client keeps its place in the window, and the place is behind.
  [...changes(3), settle, act('stall'), ...changes(3), act('resume'), settle, ...changes(3), settle],
  // It is as far, but in the run before, whose messages were longer.
  [
    ...[...changes(2, 'short'), settle, act('stall'), act('join'), settle, ...changes(1), wait, wait],
    ...[...changes(2), act('resume'), settle, ...changes(3), settle],
  ],
  [act('stall', 'a', 4), ...changes(3), act('resume', 'a', 4), ...changes(3), settle],
];

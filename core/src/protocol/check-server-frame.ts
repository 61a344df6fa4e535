import { isContainer } from './container.js';
import { VeloxError } from './error.js';
import { isTooDeep } from './is-deep.js';

/**
 * The shape that a value must have: `''` a text, 0 or 1 an integer from there on, 0.5 any number from 0 on, a list one of several, an object one with
 * at least these members, and anything else itself.
 */
type Sample = string | number | boolean | undefined | readonly Sample[] | { readonly [name: string]: Sample };

/** The members of a server's frames. Others are ignored: a newer server may send them. */
const SAMPLES = Object.entries<Sample>({
  ...{ topic: '', for: '', id: '', stale: '', denied: '', code: '', event: '', check: '', channel: '' },
  ...{ version: 1, from: 1, at: 1, seq: 0, next: 0, dropped: 0, ack: [true, 0], delta: true, ping: true },
  hello: {
    ...{
      session: '',
      heartbeat: 0.5,
      ack: 0,
      protocol: 0,
      link: [undefined, 0],
      dropped: [undefined, 0],
      was: [undefined, ''],
    },
    limits: { frame: 1, depth: 1, rate: [undefined, 1] },
  },
  bye: { code: '', reason: '', retry: [undefined, false, 0.5] },
});

/**
 * Checks every member that PROTOCOL.md names, in each kind of frame. An unknown kind passes, to be ignored. The replica decides whether a
 * state frame fits: a wrong position is a gap, and an operation that cannot be applied asks for a snapshot.
 *
 * @param text the frame as it came
 * @throws VeloxError `bad-frame`.
 */
export function checkServerFrame(frame: unknown, text: string): void {
  const isFrame =
    isContainer(frame) &&
    !Array.isArray(frame) &&
    SAMPLES.every(([name, sample]) => !Object.hasOwn(frame, name) || isLike(frame[name], sample)) &&
    !isTooDeep(frame, text) &&
    (frame.made === undefined || Array.isArray(frame.made)) &&
    (frame.check === undefined || frame.at !== undefined) &&
    (frame.ack !== true || frame.ping === true); // else an acknowledgement of nothing
  if (!isFrame) throw new VeloxError('bad-frame', 'the peer sent no sound frame.');
}

function isLike(value: unknown, sample: Sample): boolean {
  if (Array.isArray(sample)) return sample.some((each: Sample) => isLike(value, each));
  if (isContainer(sample))
    return isContainer(value) && Object.entries(sample).every(([name, each]) => isLike(value[name], each));
  if (sample === '') return typeof value === 'string';
  if (sample === 0.5) return typeof value === 'number' && value >= 0;
  return (
    value === sample || (typeof sample === 'number' && Number.isSafeInteger(value) && Number(value) > sample)
  );
}

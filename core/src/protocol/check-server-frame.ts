import { isContainer } from './container.js';
import { VeloxError } from './error.js';
import { isTooDeep } from './is-deep.js';

/**
 * The shape that a value must have: `''` a text, 0 or 1 an integer from there on, {@link ANY_TIME} a time, a list one of several shapes, an
 * object one with at least these members, and anything else itself.
 */
type Shape = string | number | boolean | undefined | readonly Shape[] | { readonly [name: string]: Shape };

/** Stands for any number from 0 on, also a fraction. */
const ANY_TIME = 0.5;

/** The members of a server's frames. Others are ignored: a newer server may send them. */
const SHAPES = Object.entries<Shape>({
  ...{ topic: '', for: '', id: '', stale: '', denied: '', code: '', event: '', check: '', channel: '' },
  ...{ version: 1, from: 1, at: 1, seq: 0, next: 0, dropped: 0, ack: [true, 0], delta: true, ping: true },
  hello: {
    ...{
      session: '',
      heartbeat: ANY_TIME,
      ack: 0,
      protocol: 0,
      link: [undefined, 0],
      dropped: [undefined, 0],
      was: [undefined, ''],
    },
    limits: { frame: 1, depth: 1, rate: [undefined, 1] },
  },
  bye: { code: '', reason: '', retry: [undefined, false, ANY_TIME] },
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
    SHAPES.every(([name, shape]) => !Object.hasOwn(frame, name) || hasShape(frame[name], shape)) &&
    !isTooDeep(frame, text) &&
    (frame.made === undefined || Array.isArray(frame.made)) &&
    (frame.check === undefined || frame.at !== undefined) &&
    (frame.ack !== true || frame.ping === true); // else an acknowledgement of nothing
  if (!isFrame) throw new VeloxError('bad-frame', 'the peer sent no sound frame.');
}

function hasShape(value: unknown, shape: Shape): boolean {
  if (Array.isArray(shape)) return shape.some((each: Shape) => hasShape(value, each));
  if (isContainer(shape))
    return isContainer(value) && Object.entries(shape).every(([name, each]) => hasShape(value[name], each));
  if (shape === '') return typeof value === 'string';
  if (shape === ANY_TIME) return typeof value === 'number' && value >= 0;
  return (
    value === shape || (typeof shape === 'number' && Number.isSafeInteger(value) && Number(value) > shape)
  );
}

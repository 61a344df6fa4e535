import { isContainer } from './container.js';
import { isTooDeep } from './is-deep.js';

/** A sample of a valid value: a number is the minimum, an object has the required members, and any other value has the type. */
type Sample = string | number | undefined | { readonly [name: string]: Sample };

/** The members of the frames that open a link: `hello`, and values. */
const SAMPLES: { readonly [name: string]: Sample } = {
  ...{ topic: '', for: '', id: '', proof: '', version: 1 },
  hello: {
    ...{ protocol: 0, session: '', heartbeat: 0, ack: 0, link: 0, dropped: undefined },
    limits: { frame: 1, depth: 1, rate: 1 },
  },
};

/**
 * Whether a server's frame is a valid `hello`, snapshot or position, without members that the samples lack. The client takes such a frame
 * before the code on need is there; that code checks every other one.
 *
 * @param text the frame as it came
 * @throws TypeError if it is no object.
 */
export function isFirstFrame(frame: object, text: string): boolean {
  return (
    ('hello' in frame || 'version' in frame) &&
    Object.entries(frame).every(([name, value]) => name === 'body' || isLike(value, SAMPLES[name])) &&
    !isTooDeep(frame, text)
  );
}

function isLike(value: unknown, sample: Sample): boolean {
  if (isContainer(sample))
    return isContainer(value) && Object.entries(sample).every(([name, each]) => isLike(value[name], each));
  if (typeof sample === 'number') return Number.isSafeInteger(value) && Number(value) >= sample;
  return typeof value === typeof sample;
}

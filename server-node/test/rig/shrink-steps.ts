/**
 * Returns fewer steps that still fail: steps are left out as long as something goes wrong, in ever smaller pieces.
 *
 * @param fails runs some of the steps
 * @see Zeller, Hildebrandt: Simplifying and Isolating Failure-Inducing Input (2002)
 */
export async function shrinkSteps<S>(
  steps: readonly S[],
  fails: (steps: readonly S[]) => Promise<boolean>,
): Promise<readonly S[]> {
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < steps.length;) {
      const fewer = [...steps.slice(0, at), ...steps.slice(at + size)];
      if (await fails(fewer)) steps = fewer;
      else at += size;
    }
  }
  return steps;
}

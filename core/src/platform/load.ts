/** Loads the code that is not part of the first load. */
export const load = (): Promise<typeof import('../transports/on-need.js')> =>
  import('../transports/on-need.js');

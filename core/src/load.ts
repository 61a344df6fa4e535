/** Loads what is not part of the first load. */
export const load = (): Promise<typeof import('./on-need.js')> => import('./on-need.js');

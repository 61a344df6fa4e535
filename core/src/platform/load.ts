type Loaded = typeof import('../transports/on-need.js');

/** The code that is not part of the first load; undefined until it is loaded. */
export let loaded: Loaded | undefined;

/** Loads the code that is not part of the first load. */
export const load = async (): Promise<Loaded> => (loaded ??= await import('../transports/on-need.js'));

/** Waits for a change and shows what was wrong with it; resolves with whether it went well, and never rejects. */
export type Edit = (change: Promise<void>) => Promise<boolean>;

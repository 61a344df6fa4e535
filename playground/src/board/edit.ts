import type { Delay } from '../contract.js';

/** An edit that has not begun. Its promise rejects with a CallError. */
export type Change = (delay: Delay) => Promise<unknown>;

/** Begins a change and shows what was wrong with it; resolves with whether it went well, and never rejects. */
export type Edit = (change: Change) => Promise<boolean>;

/** The longest delay of a timer, in ms: 24.8 days. A timer of more, also of Infinity, fires immediately. */
export const LONGEST_TIMER_MS: number = 2 ** 31 - 1;

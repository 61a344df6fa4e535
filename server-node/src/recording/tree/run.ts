/** Items side by side that are the same in both lists. */
export class Run {
  readonly length: number;

  constructor(length: number) {
    this.length = length;
  }
}

/** Two lists with the same runs in the same order. A {@link Run} stands for items that both lists share. */
export interface Lists {
  readonly before: readonly unknown[];
  readonly now: readonly unknown[];
}

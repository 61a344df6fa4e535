/** Members that are counted in no time. */
const FEW = 32;

/** How many members objects have. Many members are counted once, because each count would cost more than a
 * change. */
export class MemberCounts {
  #known: WeakMap<object, number> | undefined;

  of(target: object): number {
    const known = this.#known?.get(target);
    if (known !== undefined) return known;
    const count = Object.keys(target).length;
    if (count > FEW) (this.#known ??= new WeakMap<object, number>()).set(target, count);
    return count;
  }

  /** Is told of each member that comes or goes. */
  add(target: object, count: number): void {
    const known = this.#known?.get(target);
    if (known !== undefined) this.#known?.set(target, known + count);
  }
}

import { adopt } from './adopt.js';
import { behind, handleOf, revoked, type DraftScope } from './handle.js';
import { isContainer } from '../tree/container.js';
import type { Node } from '../tree/node.js';

/** An array's draft, from behind. */
interface Target {
  readonly scope: DraftScope;
  readonly node: Node;
  readonly items: unknown[];
}

type Native = (...args: unknown[]) => unknown;

/**
 * The array methods that would write or compare item by item. Each entry replaces one: it makes one write for the
 * whole call, and rows keep their identity.
 */
export const arrayMethods: ReadonlyMap<unknown, Native> = new Map([
  override('push', (target, items) => {
    insert(target, target.items.length, items);
    return target.items.length;
  }),
  override('pop', (target) => remove(target, target.items.length - 1, 1)[0]),
  override('unshift', (target, items) => {
    insert(target, 0, items);
    return target.items.length;
  }),
  override('shift', (target) => remove(target, 0, 1)[0]),
  override('splice', (target, args) => {
    const { length } = target.items;
    const start = position(args[0], length, 0);
    const rest = args.length === 0 ? 0 : length - start;
    const count = args.length < 2 ? rest : Math.min(Math.max(integer(args[1]), 0), rest);
    return target.scope.tree.attempt(() => {
      const removed = remove(target, start, count);
      insert(target, start, args.slice(2));
      return removed;
    });
  }),
  override('reverse', ({ scope, node, items }, _args, draft) => {
    scope.tree.arrange(node, items.toReversed());
    return draft;
  }),
  override('sort', ({ scope, node, items }, [compare], draft) => {
    if (compare === undefined && !scope.hasOpen) scope.tree.arrange(node, items.toSorted());
    else {
      const drafts = items.map((item, index) => scope.wrap(item, node, index));
      scope.tree.arrange(node, drafts.sort(compare as (() => number) | undefined).map(behind));
    }
    return draft;
  }),
  override('fill', ({ scope, node, items }, [value, from, to], draft) => {
    const end = position(to, items.length, items.length);
    scope.tree.attempt(() => {
      for (let index = position(from, items.length, 0); index < end; index++)
        scope.assign(node, index, value);
    });
    return draft;
  }),
  override('copyWithin', ({ scope, node, items }, [to, from, end], draft) => {
    const moved = items.slice().copyWithin(to as number, from as number, end as number);
    const seen = new Set<unknown>();
    const unique = moved.map((item, index) => {
      if (!isContainer(item) || !seen.has(item)) return (seen.add(item), item);
      return adopt(scope.tree, node, index, scope.wrap(item, node, index), scope.intake, scope);
    });
    scope.tree.arrange(node, unique);
    return draft;
  }),
  override('indexOf', (target, [item, ...from]) =>
    searched(target, item).indexOf(behind(item), ...(from as number[])),
  ),
  override('lastIndexOf', (target, [item, ...from]) =>
    searched(target, item).lastIndexOf(behind(item), ...(from as number[])),
  ),
  override('includes', (target, [item, ...from]) =>
    searched(target, item).includes(behind(item), ...(from as number[])),
  ),
]);

const READS: ReadonlySet<string> = new Set(['indexOf', 'lastIndexOf', 'includes']);

function override(
  name: keyof unknown[] & string,
  run: (target: Target, args: unknown[], draft: unknown[]) => unknown,
): [Native, Native] {
  const native = Reflect.get(Array.prototype, name) as Native;
  function method(this: unknown[], ...args: unknown[]): unknown {
    const handle = handleOf(this);
    const items = handle?.node.target;
    if (!handle || !Array.isArray(items)) return native.apply(this, args);
    const { scope, node } = handle;
    if (!scope.alive) throw revoked();
    scope.tree.settle();
    const isRead = READS.has(name);
    scope.wrote ||= !isRead;
    scope[isRead ? 'pull' : 'fork'](node);
    const result = run({ scope, node, items }, args, this);
    if (!isRead) scope.rejoin();
    return result;
  }
  return [native, method];
}

/** The list to find an item in. An object that was assigned is found where its copy is. */
function searched({ scope, node, items }: Target, item: unknown): readonly unknown[] {
  return scope.hasOpen && isContainer(item) && !handleOf(item) ? scope.objectsOf(node) : items;
}

function insert({ scope, node }: Target, index: number, items: readonly unknown[]): void {
  const { tree, intake } = scope;
  tree.attempt(() => {
    const adopted = items.map(
      (item, offset) => adopt(tree, node, index + offset, item, intake, scope) ?? null,
    );
    tree.splice(node, index, 0, adopted);
  });
}

function remove({ scope, node, items }: Target, index: number, count: number): unknown[] {
  if (items.length === 0) return [];
  // A frozen item is replaced while it has a place.
  for (let at = index; at < index + count; at++)
    if (Object.isFrozen(items[at])) scope.wrap(items[at], node, at);
  return scope.tree.splice(node, index, count, []).map((item) => scope.wrapRemoved(item, node));
}

/** An index as methods of arrays take it: counted from the end if negative, and kept inside. */
function position(index: unknown, length: number, otherwise: number): number {
  if (index === undefined) return otherwise;
  const at = integer(index);
  return at < 0 ? Math.max(length + at, 0) : Math.min(at, length);
}

function integer(value: unknown): number {
  return Math.trunc(Number(value)) || 0;
}

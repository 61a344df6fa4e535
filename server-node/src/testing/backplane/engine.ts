import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BusPart, LogPart } from '../../cluster/bus.js';
import type { NewRevision, Place, Revision } from '../../cluster/log.js';

/** A transaction of the engine's own client. */
export interface TestTransaction {
  /** For `append`'s `within`. */
  readonly client: unknown;
  readonly commit: () => Promise<void>;
  readonly rollback: () => Promise<void>;
}

/** An engine as the contract suites need it. A suite leaves out the tests of members that are missing. */
export interface TestEngine<Part extends LogPart | BusPart> {
  /** Connects one more node, as another process would be. The suite closes it. */
  readonly connect: () => Part | Promise<Part>;
  /** Cuts the connections of all nodes. They can connect again immediately. */
  readonly interrupt?: () => Promise<void>;
  /** Kills the engine and starts it with its data. */
  readonly restart?: () => Promise<void>;
  /** Lets the engine lose all data, as a restart without persistence would. */
  readonly wipe?: () => Promise<void>;
  /**
   * Notes the data of the engine. The function that it returns cuts the power: the engine starts again with these data, and revisions
   * that were appended since are lost. For engines that can lose acknowledged revisions.
   */
  readonly rewind?: () => Promise<() => Promise<void>>;
  /** Begins a transaction on a client of its own. */
  readonly begin?: () => Promise<TestTransaction>;
}

/** A test of a contract suite, for any test runner. It fails by an `AssertionError`. */
export interface ContractTest {
  readonly title: string;
  readonly run: () => Promise<void>;
}

/** The nodes and the topic of one test. */
export interface TestRun<Part extends LogPart | BusPart> {
  readonly connect: () => Promise<Part>;
  /** A topic that no other test uses. */
  readonly topic: string;
}

/** Adds a test to a suite. */
export type Define<Part extends LogPart | BusPart> = (
  title: string,
  body: (run: TestRun<Part>) => Promise<void>,
) => void;

/** Collects the tests of an engine. Each test closes its nodes at its end. */
export function defineOn<Part extends LogPart | BusPart>(
  engine: TestEngine<Part>,
  tests: ContractTest[],
): Define<Part> {
  return (title, body) => {
    const run = async (): Promise<void> => {
      const nodes: Part[] = [];
      const connect = async (): Promise<Part> => {
        const node = await engine.connect();
        nodes.push(node);
        return node;
      };
      try {
        await body({ connect, topic: `test ${random()}` });
      } finally {
        await Promise.all(nodes.map((node) => node.close()));
      }
    };
    tests.push({ title, run });
  };
}

/** A name that is not used twice. */
export const random = (): string => randomBytes(9).toString('base64url');

/** A revision with a fresh tag. */
export const step = (value: unknown = random()): NewRevision => ({
  tag: random(),
  patch: JSON.stringify([{ op: 'replace', path: '/n', value }]),
});

/** The head of a topic that was opened. */
export function headOf(opened: {
  readonly snapshot: { readonly at: Place };
  readonly revisions: readonly Revision[];
}): Place {
  return opened.revisions.at(-1)?.at ?? opened.snapshot.at;
}

/** Waits until `condition` holds, for at most `timeout` ms. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeout = 15_000,
): Promise<void> {
  const end = Date.now() + timeout;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${timeout} ms`);
    await sleep(5);
  }
}

/** Repeats a call that fails while an engine is away. */
export async function persist<T>(call: () => Promise<T>, timeout = 30_000): Promise<T> {
  const end = Date.now() + timeout;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(20);
    }
  }
}

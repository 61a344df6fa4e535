import type { BusPart, LogPart } from '../../cluster/bus.js';
import { appendTests } from './append-tests.js';
import { busTests } from './bus-tests.js';
import { defineOn, type ContractTest, type TestEngine } from './engine.js';
import { followTests } from './follow-tests.js';
import { readTests } from './read-tests.js';
import { textTests } from './text-tests.js';
import { busTroubleTests, troubleTests } from './trouble-tests.js';

export type { ContractTest, TestEngine, TestTransaction } from './engine.js';

/**
 * The tests that every log of a backplane passes.
 *
 * @example
 * for (const { title, run } of logContract({ connect: () => myLog(client) })) it(title, run);
 */
export function logContract(engine: TestEngine<LogPart>): ContractTest[] {
  const tests: ContractTest[] = [];
  const define = defineOn(engine, tests);
  for (const add of [appendTests, readTests, followTests, textTests]) add(define);
  troubleTests(engine, define);
  return tests;
}

/** The tests that every bus of a backplane passes. */
export function busContract(engine: TestEngine<BusPart>): ContractTest[] {
  const tests: ContractTest[] = [];
  const define = defineOn(engine, tests);
  busTests(define);
  busTroubleTests(engine, define);
  return tests;
}

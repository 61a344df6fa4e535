/** @velox/server/testing: a server and its clients in one test, on virtual time and a virtual network. */
export { createTestSync, type TestSync, type TestSyncOptions } from './create-test-sync.js';
export { faults, type Fault, type FaultsOptions, type Harm } from './faults.js';
export {
  busContract,
  logContract,
  type ContractTest,
  type TestEngine,
  type TestTransaction,
} from './backplane/index.js';

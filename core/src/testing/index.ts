/** @velox/core/testing: for tests of applications built on Velox. A client and a server in one test: `@velox/server/testing`. */
export {
  createFakeTransport,
  type FakeLink,
  type FakeOptions,
  type FakeTransport,
} from './fake-transport.js';
export { forgetClosed } from './forget-closed.js';
export { record, replay, type Recording } from './recording.js';

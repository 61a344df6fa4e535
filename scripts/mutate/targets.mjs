/** The files that are mutated, and the tests that matter for each: with all tests, a run would take days. */
export const TARGETS = [
  { file: 'core/src/protocol/document.ts', tests: ['core/src/protocol/document.test.ts'] },
  { file: 'core/src/protocol/patch.ts', tests: ['core/src/protocol/patch.test.ts'] },
  { file: 'core/src/replicas/replica.ts', tests: ['core/src/replicas/replica.test.ts'] },
  {
    file: 'core/src/replicas/subscriptions.ts',
    tests: ['core/src/replicas/subscriptions.test.ts'],
  },
  { file: 'core/src/events/event-queue.ts', tests: ['core/src/events/event-queue.test.ts'] },
  {
    file: 'core/src/connection/connection.ts',
    tests: ['core/src/connection/*.test.ts', 'core/src/development/probe.test.ts'],
  },
  {
    file: 'server-node/src/topics/subscription.ts',
    tests: ['server-node/src/topics/subscription.test.ts'],
  },
  {
    file: 'server-node/src/topics/subscriptions.ts',
    tests: ['server-node/src/topics/subscriptions.test.ts'],
  },
  { file: 'server-node/src/sessions/outbox.ts', tests: ['server-node/src/sessions/outbox.test.ts'] },
  {
    file: 'server-node/src/sessions/session.ts',
    tests: ['server-node/src/sessions/session.link.test.ts', 'server-node/src/sessions/session.test.ts'],
  },
  { file: 'server-node/src/state/history.ts', tests: ['server-node/src/state/*.test.ts'] },
  {
    file: 'server-node/src/wire/shared-window.ts',
    tests: ['server-node/src/wire/shared-window.run.test.ts'],
  },
  {
    file: 'server-node/src/recording/recorder.ts',
    tests: ['server-node/src/recording/**/*.test.ts', 'server-node/src/state/*.test.ts'],
  },
];

import { execFileSync } from 'node:child_process';

/** How many cases a property test tries. */
const RUNS = '20000';
/** How many seeds of each simulation run over each transport. */
const SEEDS = '10000';

/** How many inputs attack each entrance. */
const INPUTS = '1000000';

/** Returns all long proofs, in order: a name, the command, and its environment. */
export function proofs() {
  const env = { VELOX_RUNS: RUNS };
  const npm = (script, ...args) => [
    'npm',
    'run',
    '--silent',
    script,
    ...(args.length ? ['--', ...args] : []),
  ];
  const tests = testsWithRuns();
  return [
    { name: 'build', command: npm('build') },
    // The faults among them take 10 s each.
    ...tests
      .filter((file) => !file.endsWith('.e2e.ts'))
      .map((file) => ({ name: `unit ${file}`, command: ['npx', 'vitest', 'run', file], env })),
    ...tests
      .filter((file) => file.endsWith('.e2e.ts'))
      .map((file) => ({ name: `browser ${file}`, command: ['npx', 'playwright', 'test', file], env })),
    ...['simulation', 'messaging', 'nodes'].flatMap((of) =>
      ['websocket', 'sse', 'polling'].map((transport) => ({
        name: `${of} ${transport}`,
        command: npm('test:sim', '--of', of, '--seeds', SEEDS, '--transport', transport),
      })),
    ),
    { name: 'plants', command: npm('test:sim', '--plant') },
    { name: 'messaging plants', command: npm('test:sim', '--of', 'messaging', '--plant') },
    { name: 'nodes plants', command: npm('test:sim', '--of', 'nodes', '--plant') },
    { name: 'fuzz', command: npm('fuzz', '--runs', INPUTS) },
    { name: 'fuzz plants', command: npm('fuzz', '--plant', '--runs', '100000') },
    // Views behave differently in production: they trust that rows which are remembered are right.
    ...['development', 'production'].map((mode) => ({
      name: `leaks ${mode}`,
      command: npm('test:sim', '--of', 'leaks', '--seeds', SEEDS),
      env: { NODE_ENV: mode },
    })),
    { name: 'entities', command: npm('test:sim', '--of', 'entities', '--seeds', SEEDS) },
    { name: 'entities plants', command: npm('test:sim', '--of', 'entities', '--plant', '--seeds', '100') },
    { name: 'leaks plants', command: npm('test:sim', '--of', 'leaks', '--plant', '--seeds', '100') },
    { name: 'runtimes', command: npm('runtimes') },
    { name: 'consumers', command: npm('consumers') },
    { name: 'examples', command: npm('examples') },
  ];
}

/** The test files that try more cases if `VELOX_RUNS` says so. */
function testsWithRuns() {
  const files = ['*.test.ts', '*.test.tsx', '*.e2e.ts'];
  const text = execFileSync('git', ['grep', '-lE', 'VELOX_RUNS|rig/documents', '--', ...files], {
    encoding: 'utf8',
  });
  return text.trim().split('\n');
}

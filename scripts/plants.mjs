// Ten bugs that a build must not have, each put into a copy of it: the simulation has to find all of them.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { simulate } from './simulate.mjs';

/** Each replaces the one place in a file of the build where a text stands, and says nothing when there is another number of them. */
export const PLANTS = [
  {
    name: 'skip a version check',
    file: 'core/dist/document.js',
    from: "if (delta ? held?.version !== from : body === undefined)\n        return 'gap';",
    to: "if (delta ? !held : body === undefined)\n        return 'gap';",
  },
  {
    name: 'drop a frame on drain',
    file: 'server-node/dist/session.js',
    from: 'this.#full = false;\n        this.#onDue(this);',
    to: 'this.#full = false;\n        this.topics.tell([], this.#traffic);\n        this.#onDue(this);',
  },
  {
    name: 'reuse an epoch',
    file: 'server-node/dist/state.js',
    from: "id = randomBytes(9).toString('base64url');",
    to: "id = 'epoch';",
  },
  {
    name: 'join before catch-up',
    file: 'server-node/dist/subscription.js',
    from: "this.#stand({ is: 'joined', broadcast });",
    to: "this.#stand({ is: 'joined', broadcast });\n        this.#known &&= broadcast.state.position();",
  },
  {
    name: 'forget to flush before a snapshot',
    file: 'server-node/dist/state.js',
    from: 'text() {\n        this.#flush();',
    to: 'text() {',
    and: [{ from: 'position() {\n        this.#flush();', to: 'position() {' }],
  },
  {
    name: 'encode late',
    file: 'server-node/dist/state.js',
    from: 'return this.#history.since(version);',
    to: `const text = this.#history.since(version);
        const now = (path) => path.split('/').slice(1).reduce((at, key) => at?.[key], this.#recorder.value);
        return text && JSON.stringify(JSON.parse(text).map((op) =>
            'value' in op && now(op.path) !== undefined ? { ...op, value: now(op.path) } : op));`,
  },
  {
    name: 'apply at or below the own version',
    file: 'core/dist/document.js',
    from: 'if (held && version <= held.version)\n        return held;',
    to: '',
    and: [{ from: 'held?.version !== from', to: '(!held || from > held.version)' }],
  },
  {
    name: 'lose the queue on a token refresh',
    file: 'core/dist/sync.js',
    from: 'queue.suspend();',
    to: "status.get().state === 'connecting' ? queue.clear() : queue.suspend();",
    and: [
      {
        from: "if ('hello' in frame)",
        to: "if (frame.bye?.code === 'unauthorized') queue.clear();\n        else if ('hello' in frame)",
      },
    ],
  },
  {
    name: 'count a POST twice',
    file: 'server-node/dist/session.js',
    from: 'if (seq <= this.#taken)\n            return false;',
    to: '',
    and: [{ from: 'if (number <= this.#posts)\n            return false;', to: '' }],
  },
  {
    name: 'resume with a foreign id',
    file: 'server-node/dist/broadcast.js',
    from: 'return known?.id === id && known.version <= version',
    to: 'return known && known.version <= version',
  },
];

/** Copies what is built, with one bug in it, to where packages find each other. */
function plant({ name, file, from, to, and = [] }) {
  const root = mkdtempSync(join(tmpdir(), 'velox-plant-'));
  mkdirSync(join(root, 'node_modules/@velox'), { recursive: true });
  for (const [folder, link] of [
    ['core', 'core'],
    ['server-node', 'server'],
  ]) {
    cpSync(join(folder, 'dist'), join(root, folder, 'dist'), { recursive: true });
    cpSync(join(folder, 'package.json'), join(root, folder, 'package.json'));
    symlinkSync(join(root, folder), join(root, 'node_modules/@velox', link));
  }
  symlinkSync(resolve('node_modules/ws'), join(root, 'node_modules/ws'));
  const target = join(root, file);
  let text = readFileSync(target, 'utf8');
  for (const change of [{ from, to }, ...and]) {
    const places = text.split(change.from).length - 1;
    if (places !== 1) throw new Error(`${name}: ${places} places in ${file} for: ${change.from}`);
    text = text.replace(change.from, () => change.to);
  }
  writeFileSync(target, text);
  return root;
}

/** Looks for each bug until one seed of each transport has found it, or there are no more seeds. */
export async function plantAll(ways, range) {
  for (const bug of PLANTS) {
    const root = plant(bug);
    const results = [];
    for (const way of ways) {
      let said = '';
      const [seed] = await simulate({ ...range, root, way }, (failure) => {
        said = failure.violation;
        return true;
      });
      results.push(`${way} ${seed ?? 'never'}${said && ` (${said})`}`);
      bug.found ||= seed !== undefined;
    }
    console.log(`${bug.found ? 'found ' : 'MISSED'}  ${bug.name}\n    ${results.join('\n    ')}`);
    if (!bug.found) process.exitCode = 1;
    rmSync(root, { recursive: true, force: true });
  }
}

/** A process that appends to one topic until it is killed. It prints each tag once its append is acknowledged. */
import { writeSync } from 'node:fs';
import Database from 'libsql';
import { sqlite } from '@velox/server/sqlite';

const [file = '', name = ''] = process.argv.slice(2);
const { log } = sqlite(new Database(file));
const opened = await log.open('topic', '0');
let head = opened.revisions.at(-1)?.at ?? opened.snapshot.at;
for (let n = 0; ; n++) {
  const tag = `${name}-${n}`;
  for (let isDone = false; !isDone;) {
    const result = await log.append('topic', head, [{ tag, patch: '[]' }]);
    isDone = result.ok;
    head = (result.ok ? result.at : result.head) as typeof head;
  }
  writeSync(1, `${tag}\n`);
}

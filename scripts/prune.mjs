// Removes compiled files whose source was moved or deleted: the compiler leaves them, and they would be published.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const adapters = readdirSync('adapters').map((name) => `adapters/${name}`);
for (const folder of ['core', 'server-node', ...adapters]) {
  const dist = join(folder, 'dist');
  if (!existsSync(dist)) continue;
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const stem = /^(.+?)(?:\.d\.ts|\.js)(?:\.map)?$/.exec(file)?.[1];
    if (stem === undefined || /^velox(-more)?\.js$/.test(file)) continue; // bundles
    const isCurrent = ['.ts', '.tsx'].some((end) => existsSync(join(folder, 'src', stem + end)));
    if (!isCurrent) rmSync(join(dist, file));
  }
}

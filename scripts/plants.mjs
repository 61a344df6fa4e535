// Bugs for the simulations to find. Each file of `server-node/test/<simulation>/plants` is one bug: it re-exports every module that it
// changes (`export * from …`) and exports its own version of a few names. All other sources then import the plant instead.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { bundleSimulation } from './bundle-simulation.mjs';
import { searchSeeds } from './sim/search-seeds.mjs';

/** The folder of the bugs for a simulation. */
export const folderOf = (simulation) => resolve(`server-node/test/${simulation}/plants`);

/** Returns the planted bugs of a folder by name: the plant's file, and the sources that it replaces. */
export function plants(folder) {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.ts'))
    .map((name) => {
      const file = join(folder, name);
      const text = readFileSync(file, 'utf8');
      const seams = [...text.matchAll(/^export \* from '(\..+)\.js';$/gm)].map(([, path]) =>
        resolve(folder, `${path}.ts`),
      );
      if (seams.length === 0) throw new Error(`${name} replaces no module. Add: export * from '<module>';`);
      return { name: name.slice(0, -'.ts'.length), file, seams };
    });
}

/** Returns a Vite plugin that makes the plant's file stand for the sources that it replaces. */
export function plantPlugin({ name, file, seams }) {
  const replaced = new Set();
  return {
    name: 'velox:plant',
    enforce: 'pre',
    async resolveId(source, importer, options) {
      if (importer === file || importer === undefined) return null;
      const found = await this.resolve(source, importer, { ...options, skipSelf: true });
      if (!seams.includes(found?.id)) return null;
      replaced.add(found.id);
      return file;
    },
    buildEnd(error) {
      const unused = seams.filter((seam) => !replaced.has(seam));
      if (!error && unused.length > 0) this.error(`${name}: no source imports ${unused.join(', ')}`);
    },
  };
}

/** Plants each bug, alone, and searches until one seed of each transport has found it, or no seed is left. */
export async function plantAll(simulation, transports, range, only) {
  const chosen = plants(folderOf(simulation)).filter(({ name }) => !only || name === only);
  if (chosen.length === 0) throw new Error(`there is no plant "${only}". See ${folderOf(simulation)}.`);
  for (const plant of chosen) {
    const bundle = await bundleSimulation(simulation, [plantPlugin(plant)]);
    const results = [];
    let isFound = false;
    for (const way of transports) {
      let violation;
      const [seed] = await searchSeeds({ ...range, bundle, way }, (failure) => {
        violation ??= failure.violation;
        return true;
      });
      isFound ||= seed !== undefined;
      results.push(seed === undefined ? `${way} never` : `${way} ${seed} (${violation})`);
    }
    console.log(`${isFound ? 'found ' : 'MISSED'}  ${plant.name}\n    ${results.join('\n    ')}`);
    if (!isFound) process.exitCode = 1;
    rmSync(dirname(bundle), { recursive: true, force: true });
  }
}

import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bundleSimulation } from '../scripts/bundle-simulation.mjs';
import { folderOf, plantPlugin, plants } from '../scripts/plants.mjs';

interface Plant {
  readonly name: string;
  readonly file: string;
  readonly seams: readonly string[];
}

async function bundle(simulation: string, plugins?: object[]): Promise<string> {
  const folder = dirname(await bundleSimulation(simulation, plugins));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('js'),
  );
  const text = files.map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  rmSync(folder, { recursive: true, force: true });
  return text;
}

describe.each(['simulation', 'messaging', 'leaks', 'entities', 'nodes'])('the bundle of %s', (simulation) => {
  it('has the sources of client and server, and no planted bug', async () => {
    const text = await bundle(simulation);
    expect(text).toContain('core/src/protocol/document.ts');
    expect(text).toContain('server-node/src/state/local-state.ts');
    expect(text).not.toContain('/plants/');
  });

  it.each(plants(folderOf(simulation)) as Plant[])(
    'has the planted bug $name in place of its modules',
    async (plant) => {
      expect(await bundle(simulation, [plantPlugin(plant)])).toContain(`/plants/${plant.name}.ts`);
    },
  );

  it('fails for a plant whose module is imported by no source', async () => {
    const first = plants(folderOf(simulation))[0] as Plant;
    const stale = { ...first, seams: [...first.seams, '/renamed.ts'] };
    await expect(bundle(simulation, [plantPlugin(stale)])).rejects.toThrow('no source imports /renamed.ts');
  });
});

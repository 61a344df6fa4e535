import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EngineProcess, type EngineProgram } from './engine-process.js';

/** A program whose first start comes too early. */
const PROGRAM = `
  import { existsSync, writeFileSync } from 'node:fs';
  import { createServer } from 'node:net';
  if (existsSync('began')) createServer().listen(Number(process.argv[2]), '127.0.0.1');
  else {
    writeFileSync('began', '');
    console.error('the memory is still in use');
    process.exitCode = 1;
  }
`;

const program = (tooEarly?: RegExp): EngineProgram => ({
  name: 'engine',
  program: process.execPath,
  args: (port, folder) => [join(folder, 'engine.mjs'), `${port}`],
  prepare: (folder) => writeFile(join(folder, 'engine.mjs'), PROGRAM),
  ...(tooEarly && { tooEarly }),
});

it('starts a program again that came too early', async () => {
  await using engine = await EngineProcess.start(program(/still in use/));
  expect(engine.port).toBeGreaterThan(0);
});

it.each([undefined, /another complaint/])('reports any other complaint: %s is none', async (tooEarly) => {
  await expect(EngineProcess.start(program(tooEarly))).rejects.toThrow(
    'engine exited with 1: the memory is still in use',
  );
});

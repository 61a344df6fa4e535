import { describe, it } from 'vitest';
import { busContract, logContract } from '../../testing/backplane/index.js';
import { memory } from './index.js';

const backplane = memory();
const engine = { connect: () => backplane };

describe('the memory backplane', () => {
  for (const { title, run } of [...logContract(engine), ...busContract(engine)]) it(title, run);
});

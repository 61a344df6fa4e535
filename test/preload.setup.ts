/** Tests run on virtual time, and loading code on need takes real time. `unloaded.test.ts` tests what happens before. */
import { load } from '../core/src/platform/load.js';

await load();

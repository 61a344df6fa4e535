import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Debian keeps the programs of each PostgreSQL version in a folder of its own. */
const POSTGRES = '/usr/lib/postgresql';

/** Returns the folders with PostgreSQL's programs, the newest version last. */
export const postgresFolders = () =>
  existsSync(POSTGRES)
    ? readdirSync(POSTGRES)
        .sort((one, other) => Number(one) - Number(other))
        .map((version) => join(POSTGRES, version, 'bin'))
    : [];

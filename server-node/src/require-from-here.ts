import { createRequire } from 'node:module';

/** Resolves packages as this package sees them. A module of its own, loaded on need: CommonJS has no `import.meta`. */
export const requireFromHere: NodeJS.Require = createRequire(import.meta.url);

import { createRequire } from 'node:module';

/**
 * Resolves ws as this package sees it. A module of its own, loaded on need: CommonJS has no `import.meta`. It is called elsewhere, because
 * webpack warns of a path that it cannot know.
 */
export const requireWs: NodeJS.Require = createRequire(import.meta.url);

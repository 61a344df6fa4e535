/** A code block of the README: see readme-plugin.ts. */
declare module 'readme:*';

/** A named code block of the documents: see readme-plugin.ts. */
declare module 'readme:*';

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Router } from 'express';

/** The project's folder, seen from this file and from its build alike. */
const ROOT = new URL('../../../', import.meta.url);

/** The files that are served: documents and the sources of the playground. */
const SERVED = /^(?:[A-Z]+\.md|docs\/[\w-]+\.md|playground\/src\/[\w/-]+\.(?:tsx?|css))$/;

/** Serves documents and sources as plain text. */
export function documents(): Router {
  const router = Router();
  router.get('/{*path}', async ({ params }, response, next) => {
    const path = ([] as string[]).concat(params.path ?? []).join('/');
    if (!SERVED.test(path)) return next();
    try {
      const text = await readFile(fileURLToPath(new URL(path, ROOT)), 'utf8');
      response.type('text/plain').send(text);
    } catch {
      next();
    }
  });
  return router;
}

import { CallError, type AnySchema, type SchemaIssue, type StandardSchema } from '@velox/core/protocol';
import { thenOrNow } from '../diagnostics/maybe-promise.js';

export type { StandardSchema };

/** The most places that an error names, and the most characters of one. */
const MOST_PATHS = 10;
const LONGEST_PATH = 200;

/** Whether a value matches a schema: synchronous if the schema is synchronous. */
export function isValid(schema: AnySchema, value: unknown): boolean | Promise<boolean> {
  return thenOrNow(schema['~standard'].validate(value), ({ issues }) => !issues);
}

/**
 * Returns the output of a schema: synchronous if the schema is synchronous.
 *
 * @param what names the value in the error
 * @throws CallError `invalid` with the JSON Pointers of the places that the schema refuses. It has no value and no message of the
 *   schema, which often shows the value.
 */
export function parse<Output>(
  schema: StandardSchema<unknown, Output>,
  what: string,
  value: unknown,
): Output | Promise<Output> {
  const result = thenOrNow(schema['~standard'].validate(value), (checked) => {
    if (!checked.issues) return checked.value;
    const paths = pathsOf(checked.issues);
    throw new CallError(
      'invalid',
      `${what} is invalid at ${placesOf(paths)}. Send what its schema describes.`,
      { paths },
    );
  });
  return result;
}

function pathsOf(issues: readonly SchemaIssue[]): string[] {
  const paths = issues.map(({ path = [] }) =>
    path
      .map((part) => String(typeof part === 'object' ? part.key : part))
      .map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
      .join('')
      .slice(0, LONGEST_PATH),
  );
  return [...new Set(paths)].slice(0, MOST_PATHS);
}

const placesOf = (paths: readonly string[]): string =>
  paths.map((path) => (path === '' ? 'its root' : JSON.stringify(path))).join(', ');

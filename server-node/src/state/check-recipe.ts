import { checkArgument, expected } from '@velox/core/protocol';

const RECIPE = expected('a function that changes its draft', (value) => typeof value === 'function');

/** @throws VeloxError `bad-option` for a recipe that is no function. */
export function checkRecipe(recipe: unknown): void {
  checkArgument('update()', 'a recipe', recipe, RECIPE);
}

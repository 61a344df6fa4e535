import { equalLists } from '../equal-lists.js';
import type { Sample } from '../model.js';
import { useMachine } from '../source.js';

/** One figure over the last minute, oldest first. */
export function useHistory(figure: (sample: Sample) => number): readonly number[] {
  return useMachine((machine) => machine?.history.map(figure) ?? [], equalLists);
}

import type { Source } from '@velox/core';
import type { Process } from '../model.js';

/** A row as each framework shows it. */
export type Row = Pick<Process, 'id' | 'name' | 'cpu'>;

/** The source and selection of a list: the three arguments that every adapter takes. */
export interface ListProps<T> {
  readonly source: Source<T>;
  readonly select: (value: T | undefined) => readonly Row[];
  readonly equal?: ((before: readonly Row[], after: readonly Row[]) => boolean) | undefined;
}

/** Puts a list into an element of the page; returns what takes it away. */
export type Mount = <T>(target: HTMLElement, props: ListProps<T>) => () => void;

export const formatShare = (cpu: number): string => `${cpu.toFixed(1)} %`;

import { useVelox } from '@velox/react';
import type { Board, Machine } from './model.js';
import { SYNC } from './sync.js';
import { transport } from './transport.js';

export const MACHINE = { url: '/machine', transport } as const;
export const BOARD = { ...SYNC, topic: 'board' } as const;

/** A part of the machine; undefined until the first snapshot is there. */
export function useMachine<S>(
  select: (machine: Machine | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): S {
  return useVelox<Machine, S>(MACHINE, select, equal);
}

/** A part of the board; undefined until the first snapshot is there. */
export function useBoard<S>(
  select: (board: Board | undefined) => S,
  equal?: (before: S, after: S) => boolean,
): S {
  return useVelox<Board, S>(BOARD, select, equal);
}

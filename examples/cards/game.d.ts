import type { Hub, ViewedState } from '@velox/server';

export interface Game {
  deck: string[];
  players: { name: string; hand: string[] }[];
}

/** The game as a player sees it: the cards of the others are counted. */
export interface Table {
  left: number;
  players: readonly { name: string; hand: readonly string[] | number }[];
}

export function createGame(): {
  hub: Hub;
  game: ViewedState<Game, string, Table>;
};

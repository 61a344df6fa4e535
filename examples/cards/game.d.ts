import type { Hub, ViewedState } from '@velox/server';

export interface Game {
  deck: string[];
  players: { name: string; hand: string[] }[];
}

/** What a player sees: the cards of the others are counted. */
export interface Table {
  left: number;
  players: readonly { name: string; hand: readonly string[] | number }[];
}

export function createGame(): {
  hub: Hub;
  game: ViewedState<Game, string, Table>;
};

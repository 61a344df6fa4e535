import * as velox from '@velox/server';

const SUITS = ['♠', '♥', '♦', '♣'];
const RANKS = ['2', '3', '4', '5', '6', '7', '8', '9', '10', 'J', 'Q', 'K', 'A'];
const shuffle = (cards) =>
  cards
    .map((card) => ({ card, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ card }) => card);

/** Creates a game. The deck and the hands stay on the server: each player is sent its own hand, and how many cards the others hold. */
export function createGame() {
  const cards = SUITS.flatMap((suit) => RANKS.map((rank) => `${suit}${rank}`));
  const hub = velox.createHub({ authorize: ({ token }) => ({ name: token || 'a guest' }) });
  const game = hub.state(
    'game',
    /** @type {import('./game.d.ts').Game} */ ({ deck: shuffle(cards), players: [] }),
    {
      audience: ({ name }) => name,
      view: ({ deck, players }, me) => ({
        left: deck.length,
        players: velox.each(players, me, ({ name, hand }) => ({
          name,
          hand: name === me ? hand : hand.length,
        })),
      }),
    },
  );
  hub.on('draw', ({ context: { name } }) => {
    game.update(({ deck, players }) => {
      const player =
        players.find((each) => each.name === name) ?? players[players.push({ name, hand: [] }) - 1];
      player.hand.push(...deck.splice(0, 1));
    });
  });
  return { hub, game };
}

import { useState, type DragEvent, type HTMLAttributes } from 'react';

/** The media type of a dragged card's id: no other dragged thing is taken for a card. */
export const CARD_TYPE = 'application/x-velox-card';

/**
 * Makes a column take cards that are dragged into it. `index` is where the card would be put now, counted in the column as
 * it is; undefined while none is over it.
 */
export function useDrop(onDrop: (card: string, index: number) => void): {
  index: number | undefined;
  handlers: Pick<HTMLAttributes<HTMLElement>, 'onDragOver' | 'onDragLeave' | 'onDrop'>;
} {
  const [index, setIndex] = useState<number>();
  return {
    index,
    handlers: {
      onDragOver(event) {
        if (!event.dataTransfer.types.includes(CARD_TYPE)) return;
        event.preventDefault();
        setIndex(indexAt(event));
      },
      onDragLeave(event) {
        // Leaving for a child is not leaving.
        if (!event.currentTarget.contains(event.relatedTarget as Node | null)) setIndex(undefined);
      },
      onDrop(event) {
        const card = event.dataTransfer.getData(CARD_TYPE);
        if (!card) return;
        event.preventDefault();
        setIndex(undefined);
        onDrop(card, indexAt(event));
      },
    },
  };
}

/** How many cards have their middle above the pointer. */
function indexAt(event: DragEvent<HTMLElement>): number {
  const cards = [...event.currentTarget.querySelectorAll('li')];
  const below = cards.findIndex((card) => {
    const { top, height } = card.getBoundingClientRect();
    return event.clientY < top + height / 2;
  });
  return below < 0 ? cards.length : below;
}

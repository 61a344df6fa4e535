import { useId, type ReactNode, type RefObject } from 'react';
import type { Card, ColumnId } from '../model.js';
import { useBoard } from '../source.js';
import { AddCard } from './add-card.js';
import { BoardCard, type Moved } from './board-card.js';
import { Cursors } from './cursors.js';
import type { Edit } from './edit.js';
import { moveCard } from './edits.js';
import { useCursor } from './use-cursor.js';
import { useDrop } from './use-drop.js';

const NONE: readonly Card[] = [];

export function BoardColumn(props: {
  id: ColumnId;
  left: ColumnId | undefined;
  right: ColumnId | undefined;
  edit: Edit;
  moved: RefObject<Moved | undefined>;
}): ReactNode {
  const { id, left, right, edit, moved } = props;
  const title = useId();
  const cursor = useCursor(id);
  const name = useBoard((board) => board?.columns.find((column) => column.id === id)?.title);
  const cards = useBoard((board) => board?.columns.find((column) => column.id === id)?.cards ?? NONE);
  const drop = useDrop((card, index) => {
    const place = cards.findIndex((candidate) => candidate.id === card);
    // Within its own column everything behind the card moves up when it is taken out.
    const target = place >= 0 && place < index ? index - 1 : index;
    if (target !== place) void edit(moveCard(card, id, target));
  });
  return (
    <section
      className="column"
      aria-labelledby={title}
      data-drop={drop.index !== undefined}
      {...drop.handlers}
      {...cursor}
    >
      <h3 id={title}>
        {name} <span>{cards.length}</span>
      </h3>
      <ul className="cards">
        {cards.map((card, index) => (
          <BoardCard
            key={card.id}
            card={card}
            left={left}
            right={right}
            edit={edit}
            moved={moved}
            drop={dropMark(index, cards.length, drop.index)}
          />
        ))}
      </ul>
      <AddCard column={id} name={name ?? ''} edit={edit} />
      <Cursors column={id} />
    </section>
  );
}

/** A gap is marked once: before the card that follows it, after the last card when none does. */
function dropMark(index: number, count: number, drop: number | undefined): 'before' | 'after' | undefined {
  if (index === drop) return 'before';
  return drop === count && index === count - 1 ? 'after' : undefined;
}

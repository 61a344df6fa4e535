import { memo, useEffect, useRef, useState, type ReactNode, type RefObject } from 'react';
import type { Card, ColumnId } from '../model.js';
import { CardText } from './card-text.js';
import { IconButton } from './icon-button.js';
import type { Edit } from './edit.js';
import { deleteCard, editCard, moveCard } from './edits.js';
import { CARD_TYPE } from './use-drop.js';

/** The card that a button moved last, and which button: the focus follows it. */
export interface Moved {
  readonly id: string;
  readonly button: 'left' | 'right';
}

export const BoardCard = memo(function BoardCard(props: {
  card: Card;
  left: ColumnId | undefined;
  right: ColumnId | undefined;
  edit: Edit;
  moved: RefObject<Moved | undefined>;
  /** The side of this card at which a dragged card would drop, if any. */
  drop: 'before' | 'after' | undefined;
}): ReactNode {
  const { card, left, right, edit, moved, drop } = props;
  const [editing, setEditing] = useState(false);
  const [dragged, setDragged] = useState(false);
  const item = useRef<HTMLLIElement>(null);
  const edited = useRef(false);

  useEffect(() => {
    if (moved.current?.id !== card.id) return;
    focusButton(item.current, moved.current.button);
    moved.current = undefined;
  }, [card.id, moved]);

  useEffect(() => {
    // The field had the focus and is gone; unless something else took it, it goes back to where editing began.
    if (edited.current && document.activeElement === document.body) focusButton(item.current, 'edit');
    edited.current = editing;
  }, [editing]);

  const move = (button: Moved['button'], column: ColumnId | undefined): void => {
    if (!column) return;
    moved.current = { id: card.id, button };
    void edit(moveCard(card.id, column, 0)).then((well) => {
      if (!well) moved.current = undefined;
    });
  };

  return (
    <li
      ref={item}
      className="card"
      data-drop={drop}
      data-dragged={dragged}
      draggable={!editing}
      onDragStart={(event) => {
        event.dataTransfer.setData(CARD_TYPE, card.id);
        event.dataTransfer.effectAllowed = 'move';
        setDragged(true);
      }}
      onDragEnd={() => setDragged(false)}
    >
      {editing ? (
        <CardText
          text={card.text}
          onDone={(text) => {
            setEditing(false);
            if (text !== card.text) void edit(editCard(card.id, text));
          }}
        />
      ) : (
        <>
          <p onDoubleClick={() => setEditing(true)}>{card.text}</p>
          <div className="card-actions">
            <IconButton
              icon="left"
              label={`Move “${card.text}” left`}
              disabled={!left}
              onClick={() => move('left', left)}
            />
            <IconButton
              icon="right"
              label={`Move “${card.text}” right`}
              disabled={!right}
              onClick={() => move('right', right)}
            />
            <IconButton icon="edit" label={`Edit “${card.text}”`} onClick={() => setEditing(true)} />
            <IconButton
              icon="delete"
              label={`Delete “${card.text}”`}
              onClick={() => void edit(deleteCard(card.id))}
            />
          </div>
        </>
      )}
    </li>
  );
});

/** Focuses a button of a card, or when that is disabled the first that is not. */
function focusButton(card: HTMLElement | null, icon: string): void {
  const button = card?.querySelector<HTMLElement>(`[data-icon=${icon}]:enabled`);
  (button ?? card?.querySelector<HTMLElement>('button:enabled'))?.focus();
}

import { useState, type ReactNode, type SubmitEvent } from 'react';
import { MAX_TEXT, type ColumnId } from '../model.js';
import type { Edit } from './edit.js';
import { addCard } from './edits.js';

export function AddCard({ column, name, edit }: { column: ColumnId; name: string; edit: Edit }): ReactNode {
  const [text, setText] = useState('');
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    setText('');
    void edit(addCard(column, text)).then((well) => {
      if (!well) setText((newer) => newer || text);
    });
  };
  return (
    <form className="add-card" onSubmit={submit}>
      <input
        aria-label={`New card in ${name}`}
        placeholder="Add a card"
        value={text}
        maxLength={MAX_TEXT}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit">Add</button>
    </form>
  );
}

import type { ColumnId } from '../model.js';

/*
 * Edits go to the server by plain HTTP; their changes come back to every window over the wire, this one included.
 * Each rejects with an Error whose message is fit for people.
 */

export function addCard(column: ColumnId, text: string): Promise<void> {
  return send('POST', '', { column, text });
}

export function editCard(id: string, text: string): Promise<void> {
  return send('POST', `/${id}`, { text });
}

/** `index` is counted without the card itself. */
export function moveCard(id: string, column: ColumnId, index: number): Promise<void> {
  return send('POST', `/${id}/move`, { column, index });
}

export function deleteCard(id: string): Promise<void> {
  return send('DELETE', `/${id}`);
}

async function send(method: string, path: string, body?: object): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`/board/cards${path}`, {
      method,
      ...(body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) }),
    });
  } catch (cause) {
    throw new Error('The server cannot be reached. Nothing was changed.', { cause });
  }
  if (!response.ok) throw new Error(await messageOf(response));
}

async function messageOf(response: Response): Promise<string> {
  try {
    const { error } = (await response.json()) as { error: { message: string } };
    return error.message;
  } catch {
    return `The server answered ${response.status}. Nothing was changed.`;
  }
}

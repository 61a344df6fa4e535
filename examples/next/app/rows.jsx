'use client';
import { useVelox } from '@velox/react';

export function Rows({ source }) {
  const board = useVelox(source);
  if (!board) return <p>loading…</p>;
  return (
    <ul>
      {board.rows.map((row) => (
        <li key={row.id}>{row.text}</li>
      ))}
    </ul>
  );
}

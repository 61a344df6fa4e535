'use client';
import { useVelox, useVeloxStatus } from '@velox/react';

export function Rows({ source }) {
  const board = useVelox(source);
  const { state } = useVeloxStatus(source);
  if (!board) return <p>loading…</p>;
  return (
    <>
      <p role="status">{state}</p>
      <ul>
        {board.rows.map((row) => (
          <li key={row.id}>{row.text}</li>
        ))}
      </ul>
    </>
  );
}

import { board } from './board.js';
import { Rows } from './rows.jsx';

export const dynamic = 'force-dynamic';

export default function Page() {
  return <Rows source={{ initial: board.snapshot() }} />;
}

/** An order, and with `?user` the user that was read along with it. Every paint is recorded. */
import { useEntity } from '@velox/react';
import { createRoot } from 'react-dom/client';

/** A text of the page for each paint that changed it. */
declare global {
  interface Window {
    paints: string[];
  }
}

interface Order {
  readonly product: string;
  readonly user: number;
}

function User({ id }: { readonly id: number }) {
  const user = useEntity<{ name: string }>('/sync', 'users', id);
  return <em>{user?.name ?? 'nobody'}</em>;
}

const showsUser = new URLSearchParams(location.search).has('user');

function App() {
  const order = useEntity<Order>('/sync', 'orders', 1);
  if (!order) return <p>waiting</p>;
  return (
    <p>
      {order.product} for {showsUser && <User id={order.user} />}
    </p>
  );
}

window.paints = [];
requestAnimationFrame(function record() {
  const text = document.getElementById('app')?.textContent ?? '';
  if (text !== window.paints.at(-1)) window.paints.push(text);
  requestAnimationFrame(record);
});

createRoot(document.getElementById('app') as HTMLElement).render(<App />);

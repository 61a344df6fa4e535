import { connect } from '@velox/core';
import { useEntity, useVeloxStatus } from '@velox/react';
import { createRoot } from 'react-dom/client';

const sync = connect('/sync');

function Order({ id }) {
  const order = useEntity('/sync', 'orders', id);
  if (!order) return null;
  return (
    <tr>
      <td>{order.id}</td>
      <td>{order.customer}</td>
      <td>{order.product}</td>
      <td className="amount">{order.amount}</td>
      <td>
        <button type="button" data-status={order.status} onClick={() => sync.call('advance', id)}>
          {order.status}
        </button>
      </td>
    </tr>
  );
}

function Orders() {
  const ids = useEntity('/sync', 'lists', 'orders');
  const { state } = useVeloxStatus({ url: '/sync', topic: 'lists/orders' });
  return (
    <main>
      <header>
        <h1>Orders</h1>
        <p role="status">{state}</p>
      </header>
      <table>
        <thead>
          <tr>
            <th>No.</th>
            <th>Customer</th>
            <th>Product</th>
            <th className="amount">Amount</th>
            <th>Status</th>
          </tr>
        </thead>
        <tbody>
          {ids?.map((id) => (
            <Order key={id} id={id} />
          ))}
        </tbody>
      </table>
      <p className="hint">A click advances an order. A change by any SQL program shows here as well.</p>
    </main>
  );
}

createRoot(document.getElementById('app')).render(<Orders />);

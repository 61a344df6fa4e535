// The application: each order is a row of an entity, and the list of their ids is another one.
import { createHub } from '@velox/server';

export async function createOrders(database) {
  const hub = createHub();
  const orders = hub.entity('orders', {
    async fetchMany(ids) {
      const rows = await database.query('select * from orders where id::text = any($1)', [ids]);
      return new Map(rows.map((row) => [String(row.id), row]));
    },
  });
  const lists = hub.entity('lists', {
    async fetch(id) {
      if (id !== 'orders') return null;
      const rows = await database.query('select id from orders order by id');
      return rows.map((row) => row.id);
    },
  });
  await database.listen(
    (payload) => {
      const { id, isListed } = JSON.parse(payload);
      orders.notify(String(id));
      if (isListed) lists.notify('orders');
    },
    // Notifications may have been missed: every order is read again if a window shows it.
    async () => {
      const rows = await database.query('select id from orders');
      orders.notify(rows.map((row) => String(row.id)));
      lists.notify('orders');
    },
  );
  hub.answer('advance', async (_, id) => {
    await database.query(
      `update orders set status = case status when 'new' then 'packed' when 'packed' then 'sent' else 'new' end where id = $1`,
      [id],
    );
  });
  return hub;
}

/** A client in a process of its own, all of whose callbacks throw. It says on its standard output what it has seen. */
import { connect, presenceOf, sse } from '@velox/core';

const url = process.argv[2] ?? '';
const fail = (callback: string) => (): never => {
  throw new Error(`thrown by ${callback}`);
};
const sync = connect(url, { transports: [sse()], retry: { delay: fail('delay') } });
const replica = sync.replica('board');
replica.subscribe(fail('a subscriber'));
sync.onFrame(fail('onFrame'));
sync.onReconnect(fail('onReconnect'));
sync.status.subscribe(fail('a listener of the status'));
sync.on('notice', fail('a listener of an event'));
sync.answer('ask', fail('an answer'));
sync.join('secret');
presenceOf(sync, 'secret').enter({});
sync.on('done', (count) => console.log(`done ${count as number}`));

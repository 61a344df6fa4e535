import assert from 'node:assert/strict';
import { connect } from '@velox/core';

const STEP_MS = 20_000;

/**
 * Holds a client and a server to the contract, over one transport: snapshot, 100 deltas with list edits, events both ways, resume after
 * a cut, drain to another hub, and a quiet link that stays open.
 *
 * @param idle how long the link has to stay open in silence, in ms
 * @param network see `createNetwork`
 */
export async function keepsContract(url, transport, { idle, network }) {
  const steps = [];
  const sync = connect(url, { transport, WebSocket: network.WebSocket });
  const within = async (name, wait) => {
    let timer;
    const late = new Promise((_, fail) => {
      timer = setTimeout(
        () => fail(new Error(`${transport}: ${name}: ${JSON.stringify(sync.status.get())}`)),
        STEP_MS,
      );
    });
    const result = await Promise.race([wait, late]).finally(() => clearTimeout(timer));
    steps.push(name);
    return result;
  };
  const hellos = [];
  const frames = [];
  sync.onFrame((frame) => {
    if ('hello' in frame) hellos.push(frame.hello.session);
    else if ('version' in frame) frames.push(frame);
  });
  const replica = sync.replica('board');
  const until = (isSo) =>
    new Promise((resolve) => {
      const stop = [];
      const check = () => {
        if (!isSo()) return;
        stop.forEach((each) => each());
        resolve();
      };
      stop.push(replica.subscribe(check), replica.status.subscribe(check), sync.status.subscribe(check));
      check();
    });
  const next = (event) =>
    new Promise((resolve) => {
      const off = sync.on(event, (data) => {
        off();
        resolve(data);
      });
    });
  const edit = async (times, delay) => {
    const edited = next('edited');
    sync.emit('edit', { times, delay });
    return (await edited).value;
  };
  const keep = replica.subscribe(() => {});

  await within(
    'snapshot',
    until(() => replica.get()?.rows.length > 0 && !replica.status.get().stale),
  );
  assert.equal(sync.status.get().transport, transport);
  assert.equal(frames.filter((frame) => !frame.delta).length, 1);

  const edited = await within('100 deltas', edit(100));
  await within(
    'the value after them',
    until(() => replica.get().count === edited.count),
  );
  assert.deepEqual(replica.get(), edited);
  assert.equal(frames.filter((frame) => !frame.delta).length, 1, 'deltas only');

  const heard = [];
  const off = sync.on('said', (data) => heard.push(data));
  for (let n = 1; n <= 20; n++) sync.emit('say', { n, text: 'é字\u2028' });
  await within(
    'events both ways',
    new Promise((resolve) => sync.on('said', ({ n }) => n === 20 && resolve())),
  );
  assert.deepEqual(
    heard,
    Array.from({ length: 20 }, (_, n) => ({ n: n + 1, text: 'é字\u2028' })),
  );
  off();

  const before = { links: hellos.length, frames: frames.length };
  const later = edit(1, 300);
  await within('an event before the cut', (sync.emit('say', 'now'), next('said')));
  network.cut(transport);
  const resumed = await within('resume', later);
  await within(
    'the value after it',
    until(() => replica.get().count === resumed.count),
  );
  assert.deepEqual(replica.get(), resumed);
  assert.ok(hellos.length > before.links, 'a new link');
  assert.equal(hellos.at(-1), hellos.at(before.links - 1), 'the same session');
  assert.equal(
    frames.slice(before.frames).filter(({ body, delta }) => body !== undefined && !delta).length,
    0,
    'no snapshot',
  );

  const session = hellos.at(-1);
  sync.emit('restart', null);
  await within(
    'drain',
    until(() => hellos.at(-1) !== session && sync.status.get().state === 'open'),
  );
  const drained = await within('edits on the other hub', edit(10));
  await within(
    'their value',
    until(() => replica.get().count >= drained.count),
  );

  const links = hellos.length;
  await new Promise((resolve) => setTimeout(resolve, idle));
  assert.equal(hellos.length - links, 0, `${transport}: reconnects in ${idle} ms without changes`);
  assert.equal(sync.status.get().state, 'open');
  steps.push(`${idle / 1_000} s idle`);
  const last = await within('an edit after it', edit(1));
  await within(
    'its value',
    until(() => replica.get().count >= last.count),
  );
  assert.equal(sync.dropped.get(), 0);
  keep();
  sync.close();
  return steps.length;
}

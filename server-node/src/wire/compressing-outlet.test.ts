import { describe, expect, it, vi } from 'vitest';
import { FakeOutlet } from '../../test/rig/fake-outlet.js';
import { CompressingOutlet } from './compressing-outlet.js';
import { Message } from './message.js';

const LONG = 'some words that come again and again, '.repeat(10_000);

const long = (n = 0, text = LONG): Message =>
  new Message(JSON.stringify({ n, text }), { isCompressible: true, position: { id: 'a', version: n } });
const short = (n: number): Message => new Message(JSON.stringify({ n }));

function rig() {
  const inner = new FakeOutlet();
  let innerDrained: () => void = () => undefined;
  const onDrain = vi.fn();
  const create = (drained: () => void): FakeOutlet => {
    innerDrained = drained;
    return inner;
  };
  const outlet = new CompressingOutlet('deflated', create, onDrain);
  const written = (): unknown[] => inner.take().map(({ n }) => n);
  return { inner, outlet, onDrain, written, drain: () => innerDrained() };
}

describe('an outlet with a long message', () => {
  it('writes the messages before it, and counts as full until it is compressed', async () => {
    const { outlet, onDrain, written } = rig();
    const snapshot = long(2);
    expect(outlet.write([short(1), snapshot, short(3)])).toBe(false);
    expect(written()).toEqual([1]);
    expect(onDrain).not.toHaveBeenCalled();
    await vi.waitFor(() => expect(onDrain).toHaveBeenCalledTimes(1));
    expect(written()).toEqual([2, 3]);
    expect(snapshot.deflated.length).toBeLessThan(LONG.length / 10);
    expect(outlet.write([short(4)])).toBe(true);
    expect(written()).toEqual([4]);
  });

  it('compresses it once for all outlets', async () => {
    const snapshot = long();
    const rigs = [rig(), rig(), rig()];
    for (const { outlet } of rigs) outlet.write([snapshot]);
    const whenCompressed = snapshot.whenCompressed('deflated');
    expect(snapshot.whenCompressed('deflated')).toBe(whenCompressed);
    await vi.waitFor(() => rigs.forEach(({ onDrain }) => expect(onDrain).toHaveBeenCalled()));
    expect(snapshot.whenCompressed('deflated')).toBeUndefined();
    expect(snapshot.deflated).toBe(snapshot.deflated);
    for (const { written } of rigs) expect(written()).toEqual([0]);
  });

  it('holds a second long message back, too', async () => {
    const { outlet, onDrain, written } = rig();
    outlet.write([long(1), short(2), long(3), short(4)]);
    await vi.waitFor(() => expect(onDrain).toHaveBeenCalledTimes(1));
    expect(written()).toEqual([1, 2, 3, 4]);
  });

  it('writes it uncompressed before a goodbye', async () => {
    const { outlet, inner, onDrain, written } = rig();
    const snapshot = long(1);
    outlet.write([snapshot]);
    outlet.write([short(2)]);
    expect(written()).toEqual([1, 2]);
    outlet.close(1000, 'bye');
    await snapshot.whenCompressed('deflated');
    await Promise.resolve();
    expect(inner.writes).toEqual([]);
    expect(inner.closed).toBe('1000 bye');
    expect(onDrain).not.toHaveBeenCalled();
  });

  it('drops it when it is closed', async () => {
    const { outlet, inner, onDrain } = rig();
    const snapshot = long(1);
    outlet.write([snapshot]);
    outlet.close(4000, 'replaced');
    await snapshot.whenCompressed('deflated');
    await Promise.resolve();
    expect(inner.writes).toEqual([]);
    expect(onDrain).not.toHaveBeenCalled();
  });

  it('waits until the inner outlet has room again', async () => {
    const { outlet, inner, onDrain, written, drain } = rig();
    inner.full = true;
    const snapshot = long(2);
    outlet.write([short(1), snapshot]);
    await snapshot.whenCompressed('deflated');
    await Promise.resolve();
    expect(written()).toEqual([1]);
    inner.full = false;
    drain();
    expect(written()).toEqual([2]);
    expect(onDrain).toHaveBeenCalledTimes(1);
  });

  it('reports that it drained only once the inner outlet has', async () => {
    const { outlet, inner, onDrain, written, drain } = rig();
    inner.full = true;
    outlet.write([long(1)]);
    await vi.waitFor(() => expect(written()).toEqual([1]));
    expect(onDrain).not.toHaveBeenCalled();
    drain();
    expect(onDrain).toHaveBeenCalledTimes(1);
  });

  it('writes a message uncompressed if many others wait for their turn', async () => {
    const others = Array.from({ length: 5 }, (_, n) => long(n, LONG.repeat(25)));
    const compressed = others.map((each) => each.whenCompressed('deflated'));
    expect(compressed.every((each) => each instanceof Promise)).toBe(true);
    const { outlet, written } = rig();
    const snapshot = long(9);
    expect(outlet.write([snapshot])).toBe(true);
    expect(written()).toEqual([9]);
    expect(snapshot.deflated).toBe(snapshot.webSocket);
    for (const each of compressed) await each;
  });
});

it('a long message that compression does not shorten stays as it is, in both forms', async () => {
  const noise = Array.from({ length: 400_000 }, () => String.fromCharCode(0x4e00 + Math.random() * 20_000));
  const message = new Message(JSON.stringify(noise.join('')), { isCompressible: true });
  const [webSocket, { gzip: stored }] = [message.webSocket, message];
  await Promise.all([message.whenCompressed('deflated'), message.whenCompressed('gzip')]);
  expect(message.deflated.length).toBeLessThanOrEqual(webSocket.length);
  expect(message.gzip.bytes.length).toBeLessThanOrEqual(stored.bytes.length);
});

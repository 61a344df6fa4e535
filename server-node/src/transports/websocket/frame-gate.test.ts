import { EventEmitter } from 'node:events';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import fc from 'fast-check';
import { frame } from '../../../test/rig/raw-frames.js';
import { FrameGate, STRANGER_BYTES, type GateError } from './frame-gate.js';
import { readMessage } from './read-message.js';

afterEach(() => void vi.useRealTimers());

/** A gate whose peer writes the bytes of a test. */
function gateOf({ isDeflated = false, isAsync = false } = {}) {
  const socket = Object.assign(new EventEmitter(), { read: () => null });
  const messages: string[] = [];
  const controls: number[] = [];
  const onFragment = vi.fn();
  const errors: GateError[] = [];
  let isPaused = false;
  const gate: FrameGate = new FrameGate(socket as unknown as Duplex, {
    isDeflated,
    onMessage(raw) {
      messages.push(readMessage(raw, 1 << 20));
      if (!isAsync) gate.next();
    },
    onFragment,
    onControl: (raw) => controls.push((raw[0] as number) & 15),
    onError: (error) => errors.push(error),
    pause: () => (isPaused = true),
    resume: () => (isPaused = false),
  });
  return {
    gate,
    messages,
    controls,
    onFragment,
    errors,
    isPaused: () => isPaused,
    write: (...chunks: Buffer[]) => chunks.forEach((chunk) => socket.emit('data', chunk)),
  };
}

const bytes = (text: Buffer): Buffer[] => [...text].map((byte) => Buffer.from([byte]));

describe('a frame gate', () => {
  it('passes on the same messages, however they are cut into frames and chunks', () => {
    const message = fc.record({
      parts: fc.array(fc.string({ unit: 'grapheme', maxLength: 200 }), { minLength: 1, maxLength: 4 }),
      isDeflated: fc.boolean(),
      hasPing: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(message), fc.infiniteStream(fc.integer({ min: 1, max: 90 })), (sent, cuts) => {
        const { gate, messages, controls, errors, write } = gateOf({ isDeflated: true });
        gate.authorize(1 << 20);
        const all = Buffer.concat(
          sent.flatMap(({ parts, isDeflated, hasPing }) => {
            const frames = frame.fragments(parts, isDeflated);
            return hasPing ? [...frames.slice(0, -1), frame.ping(), ...frames.slice(-1)] : frames;
          }),
        );
        for (let at = 0; at < all.length;) {
          const end = at + (cuts.next().value ?? 1);
          write(Buffer.from(all.subarray(at, end)));
          at = end;
        }
        expect(errors).toEqual([]);
        expect(messages).toEqual(sent.map(({ parts }) => parts.join('')));
        expect(controls).toHaveLength(sent.filter(({ hasPing }) => hasPing).length);
      }),
    );
  });

  it('counts the frames of a message, except the last', () => {
    const { gate, messages, onFragment, write } = gateOf();
    gate.authorize(1_000);
    write(frame.text('1'), ...frame.fragments(['2', '', '', '3'], false));
    expect(messages).toEqual(['1', '23']);
    expect(onFragment).toHaveBeenCalledTimes(3);
  });

  it('holds later messages until the current one is processed, and stops the socket meanwhile', () => {
    const { gate, messages, isPaused, write } = gateOf({ isAsync: true });
    gate.authorize(1_000);
    write(Buffer.concat([frame.text('1'), frame.text('2')]));
    expect(messages).toEqual(['1']);
    expect(isPaused()).toBe(true);
    gate.next();
    expect(messages).toEqual(['1', '2']);
    gate.next();
    expect(isPaused()).toBe(false);
  });

  it.each<[string, Buffer]>([
    ['without a mask', Buffer.from([0x81, 0])],
    ['with RSV2', Buffer.from([0xa1, 0x80])],
    ['that is compressed without an agreement', Buffer.from([0xc1, 0x80])],
    ['that continues nothing', Buffer.from([0x80, 0x80])],
    ['of an unknown kind', Buffer.from([0x83, 0x80])],
    ['of an unknown control kind', Buffer.from([0x8b, 0x80])],
    ['with a ping of 126 bytes', Buffer.from([0x89, 0xfe, 0, 126])],
    ['with a ping in parts', Buffer.from([0x09, 0x80])],
  ])('refuses a frame %s', (_, header) => {
    const { errors, messages, write } = gateOf();
    write(Buffer.concat([header, Buffer.alloc(4)]), frame.text('more'));
    expect(errors).toEqual([1002]);
    expect(messages).toEqual([]);
  });

  it('refuses a new message inside of another', () => {
    const { errors, write } = gateOf();
    write(frame.fragments(['a', 'b'], false)[0] as Buffer, frame.text('more'));
    expect(errors).toEqual([1002]);
  });

  it('refuses a message above the limit by its header alone', () => {
    const { gate, errors, write } = gateOf();
    gate.authorize(1_000);
    write(frame.text('x'.repeat(1_000)));
    expect(errors).toEqual([]);
    write(frame.text('x'.repeat(1_001)).subarray(0, 8));
    expect(errors).toEqual([1009]);
  });

  it.each([
    ['an announced length', () => [frame.text('x'.repeat(STRANGER_BYTES + 1)).subarray(0, 8)]],
    ['fragments', () => frame.fragments(Array<string>(9).fill('x'.repeat(2_000)), false).slice(0, 9)],
    ['empty fragments', () => frame.fragments(Array<string>(3_000).fill(''), false).slice(0, 2_999)],
    ['pings', () => Array.from({ length: 3_000 }, frame.ping)],
  ])('gives a stranger 16 KiB: %s', (_, chunks) => {
    const { errors, write } = gateOf();
    write(...chunks());
    expect(errors).toEqual(['unread']);
  });

  it('gives a message 30 s from its first byte, however it trickles in', async () => {
    vi.useFakeTimers();
    const { gate, messages, errors, write } = gateOf();
    gate.authorize(1_000);
    const [first, ...rest] = bytes(frame.text('slow'));
    write(first as Buffer);
    for (const byte of rest) {
      await vi.advanceTimersByTimeAsync(2_900);
      write(byte);
    }
    expect(messages).toEqual(['slow']);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(errors).toEqual([]);
    write(first as Buffer);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(errors).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(errors).toEqual(['late']);
  });

  it('passes on control frames alone once its link is closing', () => {
    const { gate, messages, controls, write } = gateOf();
    gate.authorize(1_000);
    gate.close();
    write(frame.text('x'.repeat(900)), frame.ping());
    expect([messages, controls]).toEqual([[], [9]]);
  });
});

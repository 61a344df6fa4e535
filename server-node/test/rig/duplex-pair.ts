import { Duplex } from 'node:stream';

/** One end of a connection in memory, without latency: as much of a `net.Socket` as servers use. */
class End extends Duplex {
  peer!: End;
  remoteAddress = '203.0.113.7';
  remotePort = 1;
  bytesRead = 0;
  readonly #waiting: (() => void)[] = [];

  override _write(chunk: Buffer, _: unknown, done: () => void): void {
    if (this.peer.destroyed) return done();
    this.peer.bytesRead += chunk.length;
    if (this.peer.push(chunk)) done();
    else this.peer.#waiting.push(done);
  }

  override _read(): void {
    for (const done of this.#waiting.splice(0)) done();
  }

  override _final(done: () => void): void {
    if (!this.peer.destroyed) this.peer.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    for (const waiting of this.#waiting.splice(0)) waiting();
    queueMicrotask(() => this.peer.destroy());
    done(error);
  }

  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}

let ports = 1;

/** Creates a connection; both ends report errors by 'close' alone. */
export function duplexPair(): { readonly near: Duplex; readonly far: Duplex } {
  const [near, far] = [new End(), new End()];
  near.peer = far;
  far.peer = near;
  near.remotePort = far.remotePort = ports++;
  for (const end of [near, far]) end.on('error', () => undefined);
  return { near, far };
}

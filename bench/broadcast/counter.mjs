/** Counts the messages of a link without a look at them: WebSocket frames, or chunks of an HTTP answer. */
export class Counter {
  messages = 0;
  bytes = 0;
  /** Called when there is a new one. */
  onMessage = () => undefined;
  #read;
  /** Bytes of the message under way that are still to come. */
  #skip = 0;
  /** The beginning of a head that was cut off. */
  #rest;

  constructor(kind) {
    this.#read = kind === 'websocket' ? frameLength : chunkLength;
  }

  take(data) {
    this.bytes += data.length;
    let at = 0;
    if (this.#rest) {
      data = Buffer.concat([this.#rest, data]);
      this.#rest = undefined;
    }
    for (;;) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, data.length - at);
        at += step;
        this.#skip -= step;
        if (this.#skip > 0) return;
        this.messages++;
        this.onMessage(this);
      }
      if (at === data.length) return;
      this.#skip = this.#read(data, at);
      if (this.#skip) continue;
      this.#rest = data.subarray(at);
      return;
    }
  }
}

/** Bytes of the frame at `at`; 0 where its head is cut off. */
function frameLength(data, at) {
  const left = data.length - at;
  if (left < 2) return 0;
  const short = data[at + 1];
  if (short < 126) return 2 + short;
  if (short === 126) return left < 4 ? 0 : 4 + data.readUInt16BE(at + 2);
  return left < 10 ? 0 : 10 + Number(data.readBigUInt64BE(at + 2));
}

/** Bytes of the chunk at `at`; 0 where its head is cut off. */
function chunkLength(data, at) {
  const end = data.indexOf(10, at);
  if (end < 0) return 0;
  return end + 1 - at + Number.parseInt(data.latin1Slice(at, end), 16) + 2;
}

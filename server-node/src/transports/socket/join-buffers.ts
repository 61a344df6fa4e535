/** From this size on (bytes), a part is not copied but gathered by the system: its copy would not fit into the pool of Buffers. */
const LARGE_BYTES = 4 * 1024;

/** The last joined chunks, because within a tick many sessions get the same ones. */
let last: { readonly parts: readonly Buffer[]; readonly chunks: readonly Buffer[] } = {
  parts: [],
  chunks: [],
};

/**
 * Returns the chunks for one session, few and to be written together. Small parts are copied into one, once for
 * all sessions that get the same. The chunks are shared and must not be changed.
 */
export function joined(parts: readonly Buffer[]): readonly Buffer[] {
  if (parts.length === 1) return parts;
  if (isSame(parts, last.parts)) return last.chunks;
  const chunks = join(parts);
  if (chunks.length === 1) last = { parts, chunks }; // large parts are not held longer than they are needed
  return chunks;
}

function isSame(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((part, at) => part === b[at]);
}

function join(parts: readonly Buffer[]): Buffer[] {
  const chunks: Buffer[] = [];
  let small: Buffer[] = [];
  const flush = (): void => {
    if (small.length > 0) chunks.push(small.length === 1 ? (small[0] as Buffer) : Buffer.concat(small));
    small = [];
  };
  for (const part of parts) {
    if (part.length < LARGE_BYTES) {
      small.push(part);
    } else {
      flush();
      chunks.push(part);
    }
  }
  flush();
  return chunks;
}

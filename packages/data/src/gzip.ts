/** Whether the bytes start like a gzip file (RFC 1952). */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length > 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** How {@link gunzip} names the file in errors and where it stops. */
export interface GunzipOptions {
  readonly name: string;
  /** The whole size that the first bytes of the content declare, or undefined while there are too few to tell; may throw. */
  readonly size: (head: Uint8Array) => number | undefined;
}

const mostPerByte = 1032; // DEFLATE cannot expand more (RFC 1951: 258 bytes for two bits)

/** Decompresses gzip as far as the content's own header declares: a file that declares or holds more than it can is an error, not a full memory. */
export async function gunzip(bytes: Uint8Array, { name, size }: GunzipOptions): Promise<Uint8Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream("gzip"));
  const reader = stream.getReader();
  let content = new Uint8Array(4096);
  let length = 0;
  let limit: number | undefined;
  try {
    for (;;) {
      const { value, done } = await reader.read().catch((cause: unknown) => {
        throw new Error(`${name}: the gzip data is truncated or damaged after ${length} bytes of content; download the file again`, { cause });
      });
      if (done) return content.subarray(0, length);
      const chunk: Uint8Array = value;
      if (length + chunk.length > content.length) {
        const grown = new Uint8Array(limit === undefined ? 2 * (length + chunk.length) : Math.max(limit + 1, length + chunk.length));
        grown.set(content.subarray(0, length));
        content = grown;
      }
      content.set(chunk, length);
      length += chunk.length;
      limit ??= size(content.subarray(0, length));
      if (limit !== undefined && limit > bytes.length * mostPerByte)
        throw new RangeError(
          `${name}: the header declares ${limit} bytes, more than ${bytes.length} bytes of gzip can hold; the file is damaged, download it again`,
        );
      if (limit !== undefined && length > limit)
        throw new RangeError(`${name}: expected ${limit} bytes as the header declares, found more; the file is damaged or not what its name says`);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

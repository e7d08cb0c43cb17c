const headerBytes = 8;
/** The shim sends no longer ones: a chunk of output and its offset. */
const maximumBodyBytes = 65536 + 8;

/** A message of the shim's socket: a kind (see shim.c) and its body. */
export interface Frame {
  readonly kind: string;
  readonly body: Buffer;
}

/** One frame as bytes. Pure. */
export function encodeFrame(kind: string, body: Uint8Array = Buffer.alloc(0)): Buffer {
  const frame = Buffer.alloc(headerBytes + body.length);
  frame.write(kind, 0, 'latin1');
  frame.writeUInt32LE(body.length, 4);
  frame.set(body, headerBytes);
  return frame;
}

/** Body of a frame with numbers of 64 bits. Pure. */
export function longs(...values: readonly number[]): Buffer {
  const body = Buffer.alloc(values.length * 8);
  for (const [at, value] of values.entries()) body.writeBigUInt64LE(BigInt(value), at * 8);
  return body;
}

/** Body of a frame with one number of 32 bits. Pure. */
export function word(value: number): Buffer {
  const body = Buffer.alloc(4);
  body.writeUInt32LE(value >>> 0);
  return body;
}

/** Cuts a stream of bytes into frames. */
export class FrameReader {
  private rest: Buffer = Buffer.alloc(0);

  /** The frames that are whole by now. Throws a RangeError for what no shim sends. */
  push(bytes: Buffer): Frame[] {
    this.rest = this.rest.length === 0 ? bytes : Buffer.concat([this.rest, bytes]);
    const frames: Frame[] = [];
    let at = 0;
    while (this.rest.length - at >= headerBytes) {
      const length = this.rest.readUInt32LE(at + 4);
      if (length > maximumBodyBytes) throw new RangeError(`a frame of ${length} bytes`);
      if (this.rest.length - at < headerBytes + length) break;
      const body = this.rest.subarray(at + headerBytes, at + headerBytes + length);
      frames.push({ kind: this.rest.toString('latin1', at, at + 1), body });
      at += headerBytes + length;
    }
    this.rest = this.rest.subarray(at);
    return frames;
  }
}

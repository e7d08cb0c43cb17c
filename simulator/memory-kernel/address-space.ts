interface Range {
  readonly start: number;
  readonly bytes: Uint8Array;
  readonly writable: boolean;
}

/** A process's memory: mapped ranges, and nothing between them. */
export class AddressSpace {
  private readonly ranges: Range[] = [];

  /** Maps zeroed memory. Ranges may touch, and must not overlap. */
  map(start: number, length: number, writable = true): void {
    this.ranges.push({ start, bytes: new Uint8Array(length), writable });
    this.ranges.sort((one, other) => one.start - other.start);
  }

  /** As many of the bytes as are readable in a row; none is EFAULT. */
  read(address: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    const count = this.walk(address, length, (range, from, to, count) => {
      copy.set(range.bytes.subarray(from, from + count), to);
      return true;
    });
    return copy.subarray(0, count);
  }

  /** How many of the bytes could be written. */
  write(address: number, bytes: Uint8Array): number {
    return this.walk(address, bytes.length, (range, at, from, count) => {
      if (range.writable) range.bytes.set(bytes.subarray(from, from + count), at);
      return range.writable;
    });
  }

  /** Puts bytes where the program itself would, whatever the protection. */
  place(address: number, bytes: Uint8Array): void {
    const count = this.walk(address, bytes.length, (range, at, from, count) => {
      range.bytes.set(bytes.subarray(from, from + count), at);
      return true;
    });
    if (count < bytes.length) throw new Error(`address ${address} is not mapped`);
  }

  private walk(
    address: number,
    length: number,
    visit: (range: Range, inRange: number, done: number, count: number) => boolean,
  ): number {
    let done = 0;
    for (const range of this.ranges) {
      const inRange = address + done - range.start;
      if (done === length || inRange < 0 || inRange >= range.bytes.length) continue;
      const count = Math.min(length - done, range.bytes.length - inRange);
      if (!visit(range, inRange, done, count)) break;
      done += count;
    }
    return done;
  }
}
